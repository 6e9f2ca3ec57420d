"""Detached exceptions: copies with type and text alone, without what a live one holds on to."""

from __future__ import annotations

from failwell._support import truncation
from failwell._support.masking import masked
from failwell._support.secret import Secret


def detached(problem: BaseException, secrets: tuple[Secret, ...] = ()) -> Exception:
    """A copy of *problem*: the same type and text (secrets masked), nothing else."""
    said = str(problem) or (str(problem.__cause__) if problem.__cause__ else "")
    text = truncation.text(masked(said.encode("utf-8", "replace"), secrets).decode())
    cls = type(problem)
    if not isinstance(problem, Exception) or not issubclass(cls, Exception):
        return Exception(text)
    copy = cls.__new__(cls, text)
    copy.args = (text,)
    return copy if _says(copy) == text else Exception(f"{cls.__name__}: {text}")


def _says(problem: Exception) -> str | None:
    """The text of *problem*; None where it needs more than its arguments for one."""
    try:
        return str(problem)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything, without what its __init__ sets
        return None
