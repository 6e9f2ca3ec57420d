"""From a response or an exception of any library to a reply or a failure, and on to the catalogue's error."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from failwell._support import truncation
from failwell._support.detached import detached
from failwell._support.masking import masked, masked_text
from failwell._support.request_secrets import basic, of_body, of_query
from failwell._support.secret import Mask, Secret
from failwell.adapt.libraries.base import FailureRow, Library, SentRequest
from failwell.adapt.libraries.generated import Generated
from failwell.adapt.libraries.recognition import (
    SUCCESSES,
    UnknownResponseError,
    library_of_exception,
    library_of_response,
)
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem
from failwell.contract.error import Error
from failwell.contract.reporting import without_frames
from failwell.policy.errors import complete, error_of
from failwell.policy.retry.loop import attempt_of
from failwell.policy.retry.result import RetryResult
from failwell.wire.contracts import operation_problem
from failwell.wire.json import KEPT
from failwell.wire.messages import Failure, Outcome, Reply, Request

SECRET_NAME = re.compile(r"auth|cookie|credential|key|pass|secret|session|signature|token", re.IGNORECASE)
"""Names of headers and fields whose values are secrets."""
_FIELD = re.compile(rb"""["']?([\w.\-\[\]]{1,80})["']?\s*[:=]\s*["']?([^"'&,\s}]{8,4096})""")
_USER = re.compile(r"://([^/?#@:]*):([^/?#@]*)@")
_CREDENTIAL = re.compile(rb"((?:Bearer|Basic) +)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
LONGEST_SEARCHED = 64 * 1024
"""Bytes of a request's body in which secrets are looked for."""

generated = Generated()


class MisuseError(Exception):
    """The library refused a call before anything was sent. Turned into the catalogue's error, never raised on."""


def status_of(response: Any) -> int | None:
    """The status of *response*; None if it is one of no library that is understood."""
    library = library_of_response(response)
    return None if library is None else library.status(response)


def reply_of(response: Any, library: Library, body: bytes) -> Reply:
    """What *response* says, with its *body*.

    Raises:
        TypeError: it has no status, as one that nobody sent.
    """
    status: object = library.status(response)
    if not isinstance(status, int):
        raise UnknownResponseError(response)
    return Reply(int(status), library.headers(response), body[:KEPT], time.time(), len(body))


def replied(response: Any, library: Library) -> tuple[Reply, SentRequest]:
    """What *response* says, and what it answers. Its body is read where nobody has read it."""
    return reply_of(response, library, library.body(response)), library.request(response)


async def areplied(response: Any, library: Library) -> tuple[Reply, SentRequest]:
    """The same, awaiting."""
    return reply_of(response, library, await library.abody(response)), library.request(response)


def response_in(problem: BaseException) -> tuple[Any, Library] | None:
    """The response that *problem* is about, and the library that reads it."""
    known = library_of_exception(problem)
    raised_by = generated if known is None else known[0]
    found = raised_by.response_of(problem)
    if found is None:
        return None
    reader = library_of_response(found) or (raised_by if raised_by.reads(found) else None)
    if reader is None or reader.status(found) in SUCCESSES:
        return None  # what is wrong is not what the response says
    return found, reader


def failure_of(problem: BaseException, secrets: Iterable[str | Secret] = ()) -> tuple[Failure, SentRequest] | None:
    """What *problem*, which is about no response, says of the exchange; None if it is none of a library.

    Raises:
        MisuseError: the call could never have been made.
    """
    known = library_of_exception(problem)
    row = generated.row(problem) if known is None else known[1]
    if row is None:
        return None
    sent = (generated if known is None else known[0]).request_of(problem)
    return _failure(problem, row, secrets_of(sent, secrets)), sent


def _failure(problem: BaseException, row: FailureRow, secrets: tuple[Secret, ...]) -> Failure:
    cause = detached(problem, secrets)
    reason = truncation.text(masked_text(_reason(problem), mask_of(secrets)))
    if row.kind == "configuration":
        raise MisuseError(reason) from cause
    return Failure(row.kind, reason, row.sent, cause)


def _reason(problem: BaseException) -> str:
    """What the innermost of the exceptions says, which a library may have wrapped several times."""
    seen, innermost = {id(problem)}, problem
    while (inside := _inside(innermost)) is not None and id(inside) not in seen:
        seen.add(id(inside))
        innermost = inside
    said = str(innermost).strip() or str(problem).strip()
    return said.rstrip(".") or type(problem).__name__


def _inside(problem: BaseException) -> BaseException | None:
    context = None if problem.__suppress_context__ else problem.__context__
    held = (getattr(problem, "reason", None), *problem.args, problem.__cause__, context)
    return next((each for each in held if isinstance(each, Exception)), None)


def secrets_of(sent: SentRequest, more: Iterable[str | Secret] = ()) -> tuple[Secret, ...]:
    """The secrets of the request that was *sent*, as far as it is known, and *more* that the caller names."""
    found = [each if isinstance(each, Secret) else Secret(each) for each in more]
    for name, value in sent.headers:
        if SECRET_NAME.search(name) and name.lower() != "idempotency-key":
            found += [Secret(value), Secret(value.rpartition(" ")[2])]
    found += [Secret(part.partition("=")[2]) for part in _cookies(sent)]
    query = sent.url.partition("?")[2]
    found += of_query(f"x://x?{query}") if query else ()
    if user := _USER.search(sent.url):
        found += [Secret(user[2]), basic(user[1], user[2])]
    for field, value in _FIELD.findall(sent.body[:LONGEST_SEARCHED]):
        if SECRET_NAME.search(field.decode("ascii", "replace")):
            found.append(Secret(value.decode("utf-8", "replace")))
    return of_body(tuple(dict.fromkeys(found)))


def _cookies(sent: SentRequest) -> list[str]:
    values = [value for name, value in sent.headers if name.lower() == "cookie"]
    return [part for value in values for part in value.split(";")]


def mask_of(secrets: tuple[Secret, ...]) -> Mask:
    """What takes *secrets* out of a text, and what stands in it as a credential of HTTP does."""

    def mask(text: bytes) -> bytes:
        seen = masked(text, secrets)
        return _CREDENTIAL.sub(rb"\1***", seen) if _CREDENTIAL.search(seen) else seen

    return mask


def request_of(sent: SentRequest, catalogue: Catalogue, operation: str | None) -> Request:
    """The request that was *sent* to the server of *catalogue*, as an error speaks of it; without its query."""
    if problem := operation_problem(operation):
        raise TypeError(problem)
    path = re.sub(r"^[a-z]+://[^/?#]*", "", sent.url, flags=re.IGNORECASE).partition("?")[0]
    named = catalogue.headers.idempotency_key.lower()
    key = next((value for name, value in sent.headers if name.lower() == named), None)
    counts = catalogue.idempotency == "server"
    return Request(sent.method.upper(), path, operation=operation, idempotency_key=key, key_counts=counts)


def error_from(
    outcome: Outcome,
    sent: SentRequest,
    catalogue: Catalogue,
    *,
    operation: str | None = None,
    elapsed: float | None = None,
    secrets: Iterable[str | Secret] = (),
) -> Error:
    """The error of *catalogue* that the *outcome* of one attempt is, with its evidence, ready to be raised."""
    request, mask = request_of(sent, catalogue, operation), mask_of(secrets_of(sent, secrets))
    attempt = attempt_of(outcome, 0.0, catalogue.request_id_header)
    tried = RetryResult(outcome, (attempt,), 0.0 if elapsed is None else elapsed, None, None, None)
    error = error_of(tried, request, catalogue, mask=mask)
    complete(error, tried, request, catalogue, mask=mask, keeps_body=isinstance(outcome, Reply))
    if elapsed is None:
        error.elapsed = None
    return without_frames(error)


def misuse(problem: MisuseError, catalogue: Catalogue) -> Error:
    """The error of *catalogue* for a call that could never be made."""
    error = configuration_problem(catalogue, f"The call was not made: {problem}.")
    error.__cause__ = problem.__cause__
    return error


def error_of_exception(
    problem: BaseException,
    catalogue: Catalogue,
    *,
    operation: str | None = None,
    elapsed: float | None = None,
    secrets: Iterable[str | Secret] = (),
) -> Error | None:
    """The error of *catalogue* that *problem* is; None for one of nobody's library, and for ours."""
    if isinstance(problem, Error) or not isinstance(problem, Exception):
        return None
    found = response_in(problem)
    if found is not None:
        response, library = found
        outcome, sent = replied(response, library)
        error = error_from(outcome, sent, catalogue, operation=operation, elapsed=elapsed, secrets=secrets)
        error.__cause__ = detached(problem, secrets_of(sent, secrets))
        return error
    try:
        failed = failure_of(problem, secrets)
    except MisuseError as refused:
        return misuse(refused, catalogue)
    if failed is None:
        return None
    return error_from(*failed, catalogue, operation=operation, elapsed=elapsed, secrets=secrets)
