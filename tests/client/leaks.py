"""Everything that an error shows, hides or drags along, as one text to look for secrets in."""

from __future__ import annotations

import base64
import pickle
import traceback

import h11
import httpcore2
import httpx2

import failwell
import pictograph
from tests.homes import homes

from .colours import chain

OURS = homes(failwell, pictograph, httpx2, httpcore2, h11)


def frames(error: BaseException) -> list[str]:
    """The frames of ours and of the transport, of *error* and its causes, with their local variables."""
    shown: list[str] = []
    waiting: list[traceback.TracebackException | None] = [
        traceback.TracebackException.from_exception(error, capture_locals=True)
    ]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        shown += [
            f"{frame.filename}:{frame.lineno} {frame.name} {frame.locals}"
            for frame in one.stack
            if frame.filename.startswith(OURS)
        ]
        waiting += [one.__cause__, one.__context__]
    return shown


def everything(error: BaseException) -> str:
    """All that anyone could read off *error*."""
    shown = frames(error)
    for one in chain(error):
        shown += [str(one), repr(one), repr(vars(one)), repr(one.args), repr(getattr(one, "__notes__", []))]
        shown += [f"{name}={value!r}" for name in dir(one) if not name.startswith("__") and (value := peek(one, name))]
        shown.append(pickle.dumps(one).decode("latin-1"))
    shown += traceback.format_exception(error)
    return "\n".join(shown)


def peek(one: BaseException, name: str) -> object:
    """An attribute, or None for one that cannot be looked at."""
    try:
        return getattr(one, name)
    except (RuntimeError, AttributeError):
        return None


def spellings(secret: str) -> list[str]:
    """*secret* in plain and in base64."""
    return [
        secret,
        *(base64.b64encode(f"{before}{secret}".encode()).decode().rstrip("=")[4:-2] for before in ("", "a", "ab")),
    ]


def leaked(secret: str, text: str) -> list[str]:
    """Where *secret* shows in *text*."""
    found: list[str] = []
    for spelling in spellings(secret):
        start = text.find(spelling)
        if start >= 0:
            found.append(text[max(0, start - 80) : start + len(spelling) + 20])
    return found
