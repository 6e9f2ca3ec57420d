"""Errors of FastAPI and Starlette (`HTTPException`, validation) in words that are fit for a client."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from failwell.contract.case import phrase
from failwell.server.errors.redaction import MOST_FIELD_ERRORS, redacted_field_error
from failwell.server.refusal import NOTHING_MORE, Refusal
from failwell.wire.envelopes import summarize_field_errors
from failwell.wire.well_known import of_body

UNHANDLED = "The server failed while it answered this request. Try again later, and quote the request id to support."
OWN_HEADERS = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})
"""Headers that speak of a body which the envelope replaces."""

UNPARSED = "There was an error parsing the body"
"""FastAPI's words for a body that its JSON decoder gave up on: nested too deep, a number of 5,000 digits."""

CODES = ("code", "error_code")
MESSAGES = ("message", "msg", "detail", "error", "error_description", "title")
"""Where the `detail` of an `HTTPException` has its code and its sentence."""
LONGEST_CODE = 128


def of_fastapi(module: str, name: str) -> Any:
    """The *name* of FastAPI's *module*, or () where nobody has loaded that: then nothing is an instance of it."""
    return getattr(sys.modules.get(f"fastapi.{module}"), name, ())


def refusal(exc: Exception, *, code: str = "code") -> Refusal | None:
    """What the framework means by *exc*, or None if it is not one of its own; *code* is what the envelope calls it."""
    problem: Any = exc
    if isinstance(problem, of_fastapi("exceptions", "RequestValidationError")):
        return invalid([redacted_field_error(each) for each in problem.errors()[:MOST_FIELD_ERRORS]])
    if isinstance(exc, HTTPException):
        if exc.detail == UNPARSED and exc.__cause__ is not None:
            return invalid([{"loc": ["body"], "msg": "The body cannot be read as JSON", "type": "json_invalid"}])
        headers = {name.lower(): value for name, value in (exc.headers or {}).items()}
        return of_status(exc.status_code, headers, said=exc.detail, code=code)
    return None


def invalid(entries: list[dict[str, Any]]) -> Refusal:
    """A 422 which lists the fields: where, what is wrong, of which kind; never what was sent."""
    return Refusal(422, summarize_field_errors(entries), entries=entries)


def of_status(status: int, headers: Mapping[str, str], *, said: object = None, code: str = "code") -> Refusal:
    """An error that is known by its *status* only, with what its author *said* to the client: words, or a `detail`.

    A dict gives the code, the sentence, and what else fields of the error are named after; a list the field errors.
    """
    kept = {name: value for name, value in headers.items() if name not in OWN_HEADERS}
    facts: Mapping[str, Any] = NOTHING_MORE
    entries: list[dict[str, Any]] = []
    own_code = None
    if isinstance(said, dict):
        facts = _inner(said)
        own_code = _code(facts, code)
        entries = next(filter(None, map(_entries, facts.values())), [])
        words = next((facts[key] for key in MESSAGES if isinstance(facts.get(key), str)), None)
        words = summarize_field_errors(entries) if words is None and entries else words or of_body(facts)
    elif isinstance(said, list | tuple):
        entries = _entries(said)
        sentences: list[Any] = [part for part in said if isinstance(part, str | int | float)]
        words = summarize_field_errors(entries or sentences) if entries or sentences else None
    else:
        words = str(said) if isinstance(said, str | int | float) and not isinstance(said, bool) else None
    if status >= 500:
        # The words of a 5xx are those of the exception behind it as often as not.
        return Refusal(status, UNHANDLED, code=own_code, headers=kept)
    return Refusal(status, _sentence(status, kept, words), code=own_code, headers=kept, entries=entries, facts=facts)


def _sentence(status: int, headers: Mapping[str, str], said: str | None) -> str:
    if said and said != phrase(status):
        return said
    if status == 404:
        return "There is nothing at this address. Check the path."
    if status == 405:
        allowed = headers.get("allow")
        return f"This address does not take this method. It takes: {allowed}." if allowed else phrase(status)
    return phrase(status) or f"Refused with status {status}"


def _inner(said: dict[str, Any]) -> dict[str, Any]:
    """The facts of *said*, or those of the one object in it: `{"error": {"code": ..., "message": ...}}`."""
    for key in ("error", "detail"):
        if isinstance(said.get(key), dict) and not any(isinstance(said.get(name), str) for name in MESSAGES):
            said = {**{name: value for name, value in said.items() if name != key}, **said[key]}
    # The text of an exception is not for clients.
    return {str(name): value for name, value in said.items() if not isinstance(value, BaseException)}


def _code(facts: Mapping[str, Any], own: str) -> str | None:
    for key in (own, *CODES):
        found = facts.get(key)
        if isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= LONGEST_CODE:
            return str(found)
    return None


def _entries(said: object) -> list[dict[str, Any]]:
    """The field errors that *said* lists, or [] if it is something else. They may be pydantic's, with what was sent."""
    if not isinstance(said, list | tuple) or not said:
        return []
    if not all(isinstance(part, dict) and isinstance(part.get("loc"), list | tuple) and "msg" in part for part in said):
        return []
    return [redacted_field_error({"type": "value_error", **part}) for part in said[:MOST_FIELD_ERRORS]]
