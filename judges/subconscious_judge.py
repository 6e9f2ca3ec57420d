"""
Subconscious's published client against the server at FAILWELL_URL: a row for each operation, held or failed.

judges/judge.py starts the server and runs this in the client's own environment. It exits with 1 if a row failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

from rows import judged, row, same

import subconscious
from subconscious import (
    AuthenticationError,
    Image,
    NotFoundError,
    PlatformTool,
    RateLimitError,
    RequestTooLargeError,
    RunInput,
    RunOptions,
    Subconscious,
    SubconsciousError,
    TextContent,
    ValidationError,
)

POLLS = {"interval_ms": 50, "max_attempts": 1200}
"""How a run is waited for."""
QUESTION = {"instructions": "What is 6 * 7?"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""One red pixel."""


class Bench:
    """Clients of the server."""

    def __init__(self, url: str, keys: dict[str, str]) -> None:
        self.url = url
        self.keys = keys

    @cached_property
    def client(self) -> Subconscious:
        """The client of most rows."""
        return self.as_role("member")

    def as_role(self, role: str) -> Subconscious:
        """A client with the key of *role*."""
        return Subconscious(self.keys[role], base_url=self.url)

    def ended(self, engine: str) -> Any:
        """A run on *engine*, when it has ended."""
        return self.client.wait(self.client.run(engine, QUESTION).run_id, POLLS)


def raised(kind: type[Exception], status: int, code: str, act: Callable[[], object]) -> str:
    """What *act* raised, in words: exactly *kind*, with *status* and *code*."""
    try:
        value = act()
    except SubconsciousError as error:
        same("the class, status and code", (kind, status, code), (type(error), error.status, error.code))
        return str(error)
    raise AssertionError(f"expected {kind.__name__}, it returned {value!r:.80}")


@row("run")
def run(bench: Bench) -> object:
    accepted = bench.client.run("tim", QUESTION)
    same("whether it has an id", True, bool(accepted.run_id))
    return accepted.run_id


@row("run, with the classes of the client")
def run_with_classes(bench: Bench) -> object:
    given = RunInput(instructions="What is 6 * 7?", tools=[PlatformTool(id="fast_search")])
    done = bench.client.run("tim-gpt", given, RunOptions(await_completion=True, timeout=60, max_step_tokens=1000))
    same("its status", "succeeded", done.status)
    return done.usage


@row("run, with await_completion")
def run_and_wait(bench: Bench) -> object:
    done = bench.client.run("tim", QUESTION, {"await_completion": True})
    same("its status and its error", ("succeeded", None), (done.status, done.error))
    same("whether its answer has 42", True, "42" in done.result.answer)
    same("whether it tells its reasoning", True, bool(done.result.reasoning and done.result.reasoning[0].tooluse))
    same("whether it counts tokens", True, done.usage.input_tokens > 0 and done.usage.output_tokens > 0)
    return done.result.answer


@row("run, with an answerFormat")
def run_with_format(bench: Bench) -> object:
    schema = {"type": "object", "properties": {"result": {"type": "number"}}, "required": ["result"]}
    done = bench.client.run("tim", {**QUESTION, "answerFormat": schema}, {"await_completion": True})
    same("its status", "succeeded", done.status)
    same("its parsed answer", {"result": 42}, done.result.parsed_answer)
    return done.result.parsed_answer


@row("run, with text and an image")
def run_with_content(bench: Bench) -> object:
    content = [TextContent(type="text", text="The pixel is red."), Image.from_bytes(PNG)]
    done = bench.client.run(
        "tim", RunInput(instructions="How large is the image?", content=content), {"await_completion": True}
    )
    same("its status", "succeeded", done.status)
    same("whether it has seen the image", True, "1" in done.result.answer)
    return done.result.answer


@row("get")
def get(bench: Bench) -> object:
    run_id = bench.client.run("tim", QUESTION).run_id
    found = bench.client.get(run_id)
    same("its id", run_id, found.run_id)
    return found.status


@row("wait")
def wait(bench: Bench) -> object:
    done = bench.ended("tim")
    same("its status", "succeeded", done.status)
    return done.result.answer


@row("cancel")
def cancel(bench: Bench) -> object:
    run_id = bench.client.run("tim-slow", QUESTION).run_id
    same("its status", "canceled", bench.client.cancel(run_id).status)
    same("its status a moment later", "canceled", bench.client.get(run_id).status)
    return "canceled"


@row("stream")
def stream(bench: Bench) -> object:
    events = list(bench.client.stream("tim", QUESTION))
    same("the kinds of events", {"delta", "done"}, {event.type for event in events})
    same("the last one", "done", events[-1].type)
    text = "".join(event.content for event in events if event.type == "delta")
    same("whether the answer has 42", True, "42" in text)
    same("the status of the run", "succeeded", bench.client.get(events[-1].run_id).status)
    return text


@row("stream of a run that fails")
def failing_stream(bench: Bench) -> object:
    events = list(bench.client.stream("tim-broken", QUESTION))
    errors = [event for event in events if event.type == "error"]
    same("the codes of its errors", ["service_unavailable"], [error.code for error in errors])
    return errors[0].message


@row("a run that fails after it was accepted")
def run_fails(bench: Bench) -> object:
    failed = bench.ended("tim-broken")
    same("its status and its code", ("failed", "service_unavailable"), (failed.status, failed.error.code))
    return failed.error.message


@row("a run that takes too long")
def run_times_out(bench: Bench) -> object:
    run_id = bench.client.run("tim-slow", QUESTION, {"timeout": 1}).run_id
    same("its status", "timed_out", bench.client.wait(run_id, POLLS).status)
    return "timed_out"


@row("400 is a ValidationError")
def error_400(bench: Bench) -> object:
    client = bench.client
    raised(ValidationError, 400, "invalid_request", lambda: client.run("no such engine", QUESTION))
    return raised(ValidationError, 400, "invalid_request", lambda: client.run("tim", {"instructions": " "}))


@row("401 is an AuthenticationError")
def error_401(bench: Bench) -> object:
    unknown = Subconscious("sk-unknown", base_url=bench.url)
    raised(AuthenticationError, 401, "authentication_failed", lambda: unknown.get("run_1"))
    revoked = bench.as_role("revoked")
    return raised(AuthenticationError, 401, "authentication_failed", lambda: revoked.get("run_1"))


@row("403 is a SubconsciousError")
def error_403(bench: Bench) -> object:
    viewer = bench.as_role("viewer")
    return raised(SubconsciousError, 403, "permission_denied", lambda: viewer.run("tim", QUESTION))


@row("404 is a NotFoundError")
def error_404(bench: Bench) -> object:
    raised(NotFoundError, 404, "not_found", lambda: bench.client.cancel("run_that_never_was"))
    return raised(NotFoundError, 404, "not_found", lambda: bench.client.get("run_that_never_was"))


@row("429 is a RateLimitError")
def error_429(bench: Bench) -> object:
    # A key of its own: the others are not used up.
    free = bench.as_role("free")
    run_id = free.run("tim", QUESTION).run_id

    def used_up() -> None:
        for _ in range(1000):
            free.get(run_id)

    return raised(RateLimitError, 429, "rate_limited", used_up)


@row("503 is a SubconsciousError")
def error_503(bench: Bench) -> object:
    return raised(SubconsciousError, 503, "service_unavailable", lambda: bench.client.run("tim-down", QUESTION))


@row("504 is a SubconsciousError")
def error_504(bench: Bench) -> object:
    return raised(SubconsciousError, 504, "timeout", lambda: bench.client.run("tim-late", QUESTION))


@row("5 MiB are taken, more is a RequestTooLargeError")
def too_large(bench: Bench) -> object:
    large = {"instructions": "x" * (5 * 1024 * 1024 - 1000)}
    same("whether it is taken", True, bool(bench.client.run("tim", large).run_id))
    try:
        bench.client.run("tim", {"instructions": "x" * (5 * 1024 * 1024)})
    except RequestTooLargeError as error:
        return error
    raise AssertionError("expected RequestTooLargeError, it was sent")


def main() -> int:
    """Judge the server at FAILWELL_URL."""
    bench = Bench(os.environ["FAILWELL_URL"], json.loads(os.environ["FAILWELL_KEYS"]))
    return judged(f"subconscious-sdk {subconscious.__version__}", bench)


if __name__ == "__main__":
    sys.exit(main())
