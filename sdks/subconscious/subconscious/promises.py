"""The sentences of Subconscious's page on errors, each with the check that holds it.

`failwell check subconscious` runs them; `tests/documented` holds every remaining line of the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from failwell.conformance import (
    Agreement,
    Bench,
    Call,
    Calls,
    ClassAdapter,
    Observation,
    Promises,
    burst,
    events_of,
    expect_equal,
    universal_promises,
)
from failwell.sandbox import Answer, Cut, DropReply, FaultStep, Reset, Silence
from subconscious import exceptions
from subconscious.client import AsyncSubconscious, Subconscious
from subconscious.exceptions import MOST_BYTES, RateLimitError, SubconsciousError

ADAPTER = ClassAdapter(
    {"blocking": Subconscious, "awaiting": AsyncSubconscious},
    {name: getattr(exceptions, name) for name in exceptions.__all__ if name.endswith("Error")},
)

STATUSES = "HTTP Status Codes"
EXCEPTIONS = "SDK Exceptions"
RETRY = "Retry Logic"
RUNS = "Run-Level Errors"
REFERENCE = "Quick Reference"
BESIDE = "Beside the page"

JSON = (("Content-Type", "application/json"),)
STREAM = (("Content-Type", "text/event-stream"),)
RUN = Answer(200, JSON, b'{"runId": "run_1"}')
QUESTION = "What is 6 * 7?"
LONGER_THAN_ANY_RUN = 1e6
"""Seconds, on a clock where they cost nothing."""


def _get(client: Any) -> Any:
    return client.get("run_that_never_was")


def _run(client: Any) -> Any:
    return client.run("tim", {"instructions": QUESTION})


def _run_with(given: Any, client: Any) -> Any:
    return client.run("tim", given)


def _run_on(engine: str) -> Callable[[Any], Any]:
    """An action: a run on *engine*. Those whose names end in -down, -late, -broken and -slow fail in their ways."""
    return lambda client: client.run(engine, {"instructions": QUESTION})


def _stream(client: Any) -> Any:
    return events_of(client.stream("tim", {"instructions": QUESTION}))


def _says(status: int, code: str, *, details: Any = None) -> Answer:
    """A reply that claims to be *code*."""
    facts = {"code": code, "message": "So it is.", **({"details": details} if details is not None else {})}
    return Answer(status, JSON, json.dumps({"error": facts}).encode())


def _rate_limited(bench: Bench) -> Observation:
    """A call beyond the limit of a key of its own."""
    burst(bench.sandbox, "/runs/run_that_never_was", {"Authorization": f"Bearer {bench.sandbox.key('free')}"})
    return bench.call(_get, role="free", max_retries=0)


def _finished(bench: Bench, run_id: str) -> Any:
    """The run, when it has ended."""
    return bench.call(lambda client: client.wait(run_id, timeout=LONGER_THAN_ANY_RUN)).returned()


def _late(bench: Bench) -> Observation:
    """A wait that ends before its run."""
    run_id = bench.call(_run_on("tim-slow")).returned().run_id
    seen = bench.call(lambda client: client.wait(run_id, timeout=5.0))
    bench.call(lambda client: client.cancel(run_id)).returned()
    bench.seen.append(seen)
    return seen


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the page's first table, on *line*; *cause* makes the reference server answer with it, on a call.

    Such a call is tried *times* if it may be repeated.
    """

    line: int
    status: int
    code: str
    error: str
    advice: str
    cause: Callable[[Bench], Observation]
    times: int = 1


TABLE = (
    Line(
        5,
        400,
        "invalid_request",
        "ValidationError",
        "Fix request parameters",
        lambda bench: bench.call(_run_on("no such engine")),
    ),
    Line(
        6,
        401,
        "authentication_failed",
        "AuthenticationError",
        "Check API key",
        lambda bench: bench.call(_get, key="sk-unknown"),
    ),
    Line(
        7,
        403,
        "permission_denied",
        "SubconsciousError",
        "Check permissions",
        lambda bench: bench.call(_run, role="viewer"),
    ),
    Line(8, 404, "not_found", "NotFoundError", "Verify run ID", lambda bench: bench.call(_get)),
    Line(9, 429, "rate_limited", "RateLimitError", "Back off and retry", _rate_limited),
    Line(
        10,
        503,
        "service_unavailable",
        "SubconsciousError",
        "Engine down, retry later",
        lambda bench: bench.call(_run_on("tim-down")),
        4,
    ),
    Line(
        11,
        504,
        "timeout",
        "SubconsciousError",
        "Retry with longer timeout",
        lambda bench: bench.call(_run_on("tim-late")),
        4,
    ),
)

OTHERS = (402, 405, 409, 418, 422, 500, 501, 502, 505, 599)
"""Some of the statuses without a row of their own."""

FAILURES: Sequence[tuple[str, Callable[[Bench], Observation]]] = (
    *((row.error, row.cause) for row in TABLE),
    ("ValidationError", lambda bench: bench.call(_get, base_url="api.subconscious.dev")),
    ("SubconsciousError", lambda bench: bench.call(_get, base_url="http://127.0.0.1:1", max_retries=0)),
    ("RequestTooLargeError", lambda bench: bench.call(_run_of(MOST_BYTES))),
)
"""Failures of every source that the SDK has, each with the name of its class."""

PROMISES = Promises(
    ADAPTER,
    Agreement(
        Path(__file__).with_name("contract.snapshot.json"),
        call=_get,
        occasions={
            "configuration": lambda bench: bench.call(_get, base_url="api.subconscious.dev"),
            "poll_timeout": _late,
        },
    ),
    Calls(reads=Call("get", "GET", _get), writes=Call("run", "POST", _run, keyed=True)),
)


@PROMISES(STATUSES, "The Python SDK maps HTTP status codes to SDK error codes", 3)
def maps_statuses(bench: Bench) -> None:
    """Whatever code the body claims, and if it claims none."""
    for row in TABLE:
        for claimed in ("internal_error", "rate_limited", "not_found", "of another page"):
            bench.sandbox.arm(_says(row.status, claimed))
            seen = bench.call(_get, max_retries=0)
            seen.raised(bench.error(row.error), code=row.code, status=row.status)
        bench.sandbox.arm(Answer(row.status, (("Content-Type", "text/html"),), b"<h1>No</h1>"))
        bench.call(_get, max_retries=0).raised(bench.error(row.error), code=row.code, status=row.status)


def _holds(row: Line) -> None:
    """Promise that *row* holds, for what the server really answers."""

    def check(bench: Bench) -> None:
        seen = row.cause(bench)
        seen.raised(bench.error(row.error), code=row.code, status=row.status)
        seen.tried(row.times)

    check.__name__ = f"row_{row.status}"
    PROMISES(STATUSES, f"{row.status} | {row.code} | {row.error} | {row.advice}", row.line)(check)


for _row in TABLE:
    _holds(_row)


@PROMISES(STATUSES, "other | internal_error | SubconsciousError | Retry with backoff", 12)
def row_other(bench: Bench) -> None:
    for status in OTHERS:
        bench.sandbox.arm(_says(status, "rate_limited"))
        seen = bench.call(_get, max_retries=0)
        seen.raised(bench.error("SubconsciousError"), code="internal_error", status=status)
    bench.sandbox.arm(_says(500, "internal_error"), times=2)
    seen = bench.call(_run)
    seen.returned()
    seen.waited([1, 2], within=0.25)


@PROMISES(EXCEPTIONS, "Both SDKs throw typed exceptions you can catch", (14, 14, 1))
def typed(bench: Bench) -> None:
    names = tuple(name for name in exceptions.__all__ if name.endswith("Error"))
    for name, fail in FAILURES:
        base = "ValueError" if name == "RequestTooLargeError" else "SubconsciousError"
        caught = fail(bench).caught_by((*names, "ValueError"))
        expect_equal(f"what catches a {name}", {name, base}, set(caught))


@PROMISES(EXCEPTIONS, "code — Error type", (14, 14, 2))
def code(bench: Bench) -> None:
    codes = {row.cause(bench).attributes["code"] for row in TABLE}
    expect_equal("the codes of the table", {row.code for row in TABLE}, codes)


@PROMISES(EXCEPTIONS, "status — HTTP status code", (14, 14, 3))
def status(bench: Bench) -> None:
    for row in TABLE:
        seen = row.cause(bench)
        expect_equal("e.status", row.status, seen.attributes["status"])
        expect_equal("what the server sent last", f"passed {row.status}", seen.requests[-1].outcome)


@PROMISES(EXCEPTIONS, "details — Additional context (e.g. validation errors)", (14, 14, 4))
def details(bench: Bench) -> None:
    seen = bench.call(lambda client: client.run("tim", {"instructions": 7, "tools": "all"}))
    seen.raised(bench.error("ValidationError"))
    told = json.dumps(seen.attributes["details"])
    for field in ("instructions", "tools"):
        expect_equal(f"whether e.details names {field}", True, field in told)


@PROMISES(EXCEPTIONS, "May be None", (14, 14, 5))
def no_details(bench: Bench) -> None:
    bench.call(_get).raised(bench.error("NotFoundError"), details=None)
    bench.sandbox.arm(_says(400, "invalid_request", details={"limit": ["too big"]}))
    bench.call(_get).raised(bench.error("ValidationError"), details={"limit": ["too big"]})


@PROMISES(EXCEPTIONS, 'str(e) returns "<code>: <message>", e.args[0] the raw message', (14, 15), 15)
def message(bench: Bench) -> None:
    for row in TABLE:
        bench.sandbox.arm(_says(row.status, row.code))
        seen = bench.call(_get, max_retries=0)
        seen.raised(bench.error(row.error), args=("So it is.",))
        expect_equal("str(e)", f"{row.code}: So it is.", str(seen.error))


def _run_of(size: int) -> Callable[[Any], Any]:
    """A run whose instructions are so many characters."""
    return lambda client: client.run("tim", {"instructions": "x" * size})


@PROMISES(EXCEPTIONS, "RequestTooLargeError is a ValueError raised before any HTTP request, above 5 MiB", 16)
def request_too_large(bench: Bench) -> None:
    bench.sandbox.arm(RUN, times=2)
    small = bench.call(_run_of(1000))
    rest = small.requests[0].body_length - 1000
    largest = bench.call(_run_of(MOST_BYTES - rest))
    largest.returned()
    expect_equal("the bytes of the largest body", MOST_BYTES, largest.requests[0].body_length)
    seen = bench.call(_run_of(MOST_BYTES - rest + 1))
    seen.raised(bench.error("RequestTooLargeError"))
    seen.tried(0)
    expect_equal("what catches it", ("ValueError",), seen.caught_by(("ValueError", "SubconsciousError")))


@PROMISES(RETRY, "Retry on 429 and 5xx errors with exponential backoff", 18)
def backoff(bench: Bench) -> None:
    for number in (429, 500, 502, 503, 504, 599):
        bench.sandbox.arm(Answer(number), times=4)
        seen = bench.call(_run)
        seen.raised(bench.error("RateLimitError" if number == 429 else "SubconsciousError"), status=number)
        seen.tried(4)
        seen.waited([1, 2, 4], within=0.25)
    for number in (400, 401, 403, 404, 409, 422):
        bench.sandbox.arm(Answer(number))
        bench.call(_run).tried(1)


@PROMISES(RUNS, "Runs can fail after being accepted", (19, 19, 1))
def fails_later(bench: Bench) -> None:
    accepted = bench.call(_run_on("tim-broken")).returned()
    expect_equal("how it ended", "failed", _finished(bench, accepted.run_id).status)


@PROMISES(RUNS, "Check the status field", (19, 19, 2))
def status_field(bench: Bench) -> None:
    good = _finished(bench, bench.call(_run).returned().run_id)
    expect_equal("how it ended", ("succeeded", None), (good.status, good.error))
    expect_equal("whether its answer has 42", True, "42" in good.result.answer)
    bad = _finished(bench, bench.call(_run_on("tim-broken")).returned().run_id)
    expect_equal("how it ended", ("failed", "service_unavailable"), (bad.status, bad.error.code))
    expect_equal("whether it says why", True, " " in bad.error.message)
    slow = bench.call(_run_on("tim-slow")).returned().run_id
    bench.call(lambda client: client.cancel(slow)).returned()
    expect_equal("how it ended", "canceled", _finished(bench, slow).status)


@PROMISES(REFERENCE, "Missing API key | 401 | Add Authorization: Bearer sk-... header", 23)
def missing_key(bench: Bench) -> None:
    seen = bench.call(_get, key="")
    seen.raised(bench.error("AuthenticationError"), status=401, code="authentication_failed")
    seen.tried(0)
    [sent] = bench.call(_get).requests
    expect_equal(
        "whether requests have the header", True, "authorization" in {name.lower() for name, _ in sent.headers}
    )


@PROMISES(REFERENCE, "Invalid API key | 401 | Check key is active in dashboard", 24)
def invalid_key(bench: Bench) -> None:
    key = bench.sandbox.keys["member"]
    for bad in (bench.sandbox.keys["revoked"], key[:-1], f"{key}x"):
        seen = bench.call(_get, key=bad)
        seen.raised(bench.error("AuthenticationError"), status=401, code="authentication_failed")
        seen.tried(1)


@PROMISES(REFERENCE, "Bad request | 400 | Check required fields and types", 25)
def bad_request(bench: Bench) -> None:
    wrong: tuple[Any, ...] = ({}, {"instructions": 7}, {"instructions": ""}, {"instructions": "x", "tools": [7]})
    for given in wrong:
        seen = bench.call(partial(_run_with, given))
        seen.raised(bench.error("ValidationError"), status=400)
        seen.tried(1)


@PROMISES(REFERENCE, "Run not found | 404 | Verify run ID exists", 26)
def run_not_found(bench: Bench) -> None:
    run_id = bench.call(_run).returned().run_id
    expect_equal("the run that is there", run_id, bench.call(lambda client: client.get(run_id)).returned().run_id)
    for act in (_get, lambda client: client.cancel(f"{run_id}x"), lambda client: client.wait(f"{run_id}x")):
        seen = bench.call(act)
        seen.raised(bench.error("NotFoundError"), status=404)
        seen.tried(1)


@PROMISES(REFERENCE, "Rate limited | 429 | Back off and retry", 27)
def rate_limited(bench: Bench) -> None:
    _rate_limited(bench).raised(bench.error("RateLimitError"), status=429)
    # The limit is used up, and a moment later there is room again.
    waited = bench.call(_run, role="free")
    waited.returned()
    expect_equal("whether it waited for its turn", True, 0 < sum(waited.waits) <= 120)
    bench.sandbox.next(RateLimitError("Slow down", retry_after=9), times=2)
    seen = bench.call(_run)
    seen.returned()
    seen.waited([9, 9], over=0.25)


@PROMISES(REFERENCE, "Engine down | 503 | Retry in a few minutes", 28)
def engine_down(bench: Bench) -> None:
    bench.sandbox.next(SubconsciousError("service_unavailable", "The engine is down"), times=4)
    seen = bench.call(_run)
    seen.raised(bench.error("SubconsciousError"), status=503, code="service_unavailable")
    seen.tried(4)
    bench.clock.advance(180)
    bench.call(_run).returned()


@PROMISES(REFERENCE, "Gateway timeout | 504 | Retry with a longer timeout", 29)
def gateway_timeout(bench: Bench) -> None:
    bench.sandbox.next(SubconsciousError("timeout", "The engine was too slow"))
    seen = bench.call(_run, max_retries=0)
    seen.raised(bench.error("SubconsciousError"), status=504, code="timeout")
    bench.call(_run, timeout=60.0).returned()


@PROMISES(REFERENCE, "Payload too large | n/a | RequestTooLargeError raised client-side before the request", 30)
def payload_too_large(bench: Bench) -> None:
    image = {"type": "image", "source": {"kind": "base64", "data": "QUJD" * (MOST_BYTES // 4), "mime": "image/png"}}
    seen = bench.call(lambda client: client.run("tim", {"instructions": "What is it?", "content": [image]}))
    seen.raised(bench.error("RequestTooLargeError"))
    seen.tried(0)
    # Split as the page says, each part is taken.
    bench.sandbox.arm(RUN, times=2)
    for _ in range(2):
        bench.call(_run_of(MOST_BYTES // 2)).returned()


@PROMISES(BESIDE, "Without an answer, or with one that cannot be read, it is a SubconsciousError all the same")
def unanswered(bench: Bench) -> None:
    silent, garbled = Silence(), Answer(200, JSON, b'{"runId": ')
    found: tuple[tuple[FaultStep, str], ...] = (
        (Reset(), "service_unavailable"),
        (silent, "timeout"),
        (garbled, "internal_error"),
    )
    for step, expected in found:
        bench.sandbox.arm(step)
        seen = bench.call(_get, max_retries=0, timeout=0.2 if step is silent else 10.0)
        seen.raised(bench.error("SubconsciousError"), code=expected, status=200 if step is garbled else 0)


@PROMISES(BESIDE, "A run is started once, however often it is asked for")
def started_once(bench: Bench) -> None:
    # The reply is lost after the server has accepted the run: the retry must get the first answer.
    bench.sandbox.arm(DropReply(), method="POST", path="*/runs")
    seen = bench.call(_run)
    seen.returned()
    expect_equal(
        "what became of the first try and the retry", ["lost 200", "passed 200"], [e.outcome for e in seen.requests]
    )
    expect_equal("different keys", 1, len(set(seen.keys())))
    expect_equal("whether every attempt had one", True, all(seen.keys()))


@PROMISES(BESIDE, "A wait survives 429 and 5xx, and leaves the run alone when time is up")
def waits_on(bench: Bench) -> None:
    run_id = bench.call(_run).returned().run_id
    bench.sandbox.next(SubconsciousError("service_unavailable", "The engine is down"), times=5)
    bench.sandbox.next(RateLimitError("Slow down", retry_after=2), times=5)
    expect_equal("how the run ended", "succeeded", _finished(bench, run_id).status)
    late = _late(bench)
    late.raised(bench.error("SubconsciousError"), code="timeout", status=0)
    expect_equal("virtual seconds waited", 5.0, round(sum(late.waits), 1))
    expect_equal("whether it was running to the end", "canceled", _finished(bench, late.attributes["run_id"]).status)


@PROMISES(BESIDE, "A stream tells of success only if the server did")
def streams(bench: Bench) -> None:
    events = bench.call(_stream).returned()
    expect_equal("the last event", "done", events[-1].type)
    expect_equal(
        "whether the answer has 42", True, "42" in "".join(event.content for event in events if event.type == "delta")
    )
    begun = b'data: {"choices": [{"delta": {"content": "4"}}]}\n\n'
    told = b'data: {"error": {"code": "service_unavailable", "message": "Engine down"}}\n\ndata: [DONE]\n\n'
    for step in (Answer(200, STREAM, begun), Answer(200, STREAM, begun + told), Cut(200, STREAM, begun * 9, after=90)):
        bench.sandbox.arm(step)
        seen = bench.call(_stream)
        seen.raised(bench.error("SubconsciousError"), code="service_unavailable")
        seen.tried(1)


universal_promises(PROMISES, _get, FAILURES, write=lambda _name: _run)
