"""The complaints of FastAPI and Starlette, in words that are fit for a client."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from failwell.contract.case import phrase
from failwell.server.refused import Refused
from failwell.wire.envelopes import summary

MOST_ENTRIES = 100
LONGEST_KEY = 64

UNHANDLED = "The server failed while it answered this request. Try again later, and quote the request id to support."
OWN_HEADERS = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
"""Headers that speak of a body which the envelope replaces."""


def of_fastapi(module: str, name: str) -> Any:
    """The *name* of FastAPI's *module*, or () where nobody has loaded that: then nothing is an instance of it."""
    return getattr(sys.modules.get(f"fastapi.{module}"), name, ())


def refusal(exc: Exception) -> Refused | None:
    """What the framework means by *exc*, or None if it is not one of its own."""
    if isinstance(exc, of_fastapi("exceptions", "RequestValidationError")):
        return invalid([_entry(problem) for problem in exc.errors()[:MOST_ENTRIES]])
    if isinstance(exc, HTTPException):
        headers = {name.lower(): value for name, value in (exc.headers or {}).items()}
        return of_status(exc.status_code, headers, said=exc.detail)
    return None


def invalid(entries: list[dict[str, Any]]) -> Refused:
    """A 422 which lists the fields: where, what is wrong, of which kind; never what was sent."""
    return Refused(422, summary(entries), entries=entries)


def of_status(status: int, headers: Mapping[str, str], *, said: object = None) -> Refused:
    """An error that is known by its *status* only, with the words that its author *said* to the client."""
    kept = {name: value for name, value in headers.items() if name not in OWN_HEADERS}
    return Refused(status, _sentence(status, kept, said), headers=kept)


def _sentence(status: int, headers: Mapping[str, str], said: object) -> str:
    # The words of a 5xx are those of the exception behind it as often as not.
    if status >= 500:
        return UNHANDLED
    if isinstance(said, str) and said and said != phrase(status):
        return said
    if status == 404:
        return "There is nothing at this address. Check the path."
    if status == 405:
        allowed = headers.get("allow")
        return f"This address does not take this method. It takes: {allowed}." if allowed else phrase(status)
    return phrase(status) or f"Refused with status {status}"


def _entry(problem: Mapping[str, Any]) -> dict[str, Any]:
    # `input` and `ctx` hold what was sent, and a key of `loc` may be the caller's text, of any length.
    loc = [part if isinstance(part, int) else _short(str(part)) for part in problem["loc"]]
    return {"loc": loc, "msg": str(problem["msg"]).removeprefix("Value error, "), "type": str(problem["type"])}


def _short(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[: LONGEST_KEY - 1]}…"
