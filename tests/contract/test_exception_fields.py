"""Our own errors: what each was made of is an attribute, its message is made of that, and it pickles."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import failwell
from failwell._support.exception_fields import ExceptionFields
from failwell._support.lazy import annotations_of
from failwell.contract.errors import ContractError


class LeftError(ExceptionFields, ContractError):
    """An error with a fact that has a default."""

    files: tuple[str, ...]
    folder: str = "/tmp"
    template = "In {folder!r} are left: {files}. Braces {{stay}}."


class HiddenError(LeftError):
    """One that says it otherwise, and has another default."""

    folder: str = ".hidden"
    seconds: float = 2.0
    template = "{files} in {folder}, for {seconds:g} s"


@pytest.mark.parametrize(
    ("error", "message", "args"),
    [
        (LeftError(("a", "b")), "In '/tmp' are left: a, b. Braces {stay}.", (("a", "b"), "/tmp")),
        (LeftError(files=(), folder="{x}"), "In '{x}' are left: none. Braces {stay}.", ((), "{x}")),
        (HiddenError(("a",)), "a in .hidden, for 2 s", (("a",), ".hidden", 2.0)),
        (HiddenError(("a",), seconds=0.5), "a in .hidden, for 0.5 s", (("a",), ".hidden", 0.5)),
    ],
)
def test_message_is_made_of_facts(error: LeftError, message: str, args: tuple[object, ...]) -> None:
    """
    The facts are attributes and `args`, by position, by name or by default; the message says them.
    """
    assert (message, args) == (str(error), error.args)
    assert args == tuple(vars(error)[name] for name in error.__match_args__)


@pytest.mark.parametrize("given", [{}, {"files": (), "more": 1}])
def test_other_facts_are_refused(given: dict[str, Any]) -> None:
    """
    A fact that is missing, or that the error does not have, is a TypeError that says what it takes.
    """
    with pytest.raises(TypeError, match=r"LeftError\(files, folder=\.\.\.\) was given"):
        LeftError(**given)


def own_errors() -> Iterator[type[ExceptionFields]]:
    """Every error of the library that has facts."""
    for module in pkgutil.walk_packages(failwell.__path__, "failwell."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    left = [ExceptionFields]
    while left:
        subclasses = [cls for cls in left.pop().__subclasses__() if cls.__module__.startswith("failwell.")]
        left += subclasses
        yield from subclasses


SAMPLES: dict[str, object] = {
    "str": "word",
    "str | None": "word",
    "int": 7,
    "float": 1.5,
    "bool": True,
    "Path": Path("there"),
    "tuple[str, ...]": ("one", "two"),
    "tuple[tuple[str, str], ...]": (("one", "two"),),
    "type[Error]": failwell.Error,
    "tuple[type[Error], ...]": (failwell.Error,),
}


def test_every_error_of_our_own_pickles() -> None:
    """
    Each of our errors has a message of its facts, pickles, and says and carries the same afterwards.
    """
    made: list[Exception] = []
    for cls in own_errors():
        hints = {name: hint for base in cls.__mro__ for name, hint in annotations_of(base).items()}
        types = {name: hint.__name__ if isinstance(hint, type) else str(hint) for name, hint in hints.items()}
        values = {name: SAMPLES[types[name]] for name in cls.__match_args__ if types[name] in SAMPLES}
        # A Refusal is an answer on its way, and never leaves the process.
        if cls.__name__.endswith("Error") and "__init__" not in vars(cls) and cls._required.issubset(values):
            error = cls(**values)
            assert isinstance(error, Exception)
            made.append(error)
    again = [pickle.loads(pickle.dumps(error)) for error in made]  # noqa: S301 - our own bytes

    assert [(type(error), str(error), vars(error)) for error in made] == [
        (type(error), str(error), vars(error)) for error in again
    ]
    assert len(made) >= 35


def test_templates_name_facts() -> None:
    """
    A template names nothing that the error does not have.
    """
    wrong = [
        (cls.__name__, name)
        for cls in own_errors()
        for _, name, _, _ in string.Formatter().parse(getattr(cls, "template", ""))
        if name is not None and name not in cls.__match_args__
    ]

    assert [] == wrong
