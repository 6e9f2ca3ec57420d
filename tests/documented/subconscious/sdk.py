"""Subconscious's SDK in one colour against the reference server, and what its tests ask for."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from failwell.conformance import events_of
from failwell.sandbox import Answer
from subconscious import (
    AsyncSubconscious,
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    Subconscious,
    SubconsciousError,
    ValidationError,
)
from tests.documented.calls import Calls

JSON = (("Content-Type", "application/json"),)
QUESTION = {"instructions": "What is 6 * 7?"}
LONGER_THAN_ANY_RUN = 1e6
"""Seconds, on a clock where they cost nothing."""


class Line(NamedTuple):
    """A row of the page's first table, and the engine or the call that the reference server answers with it."""

    status: int
    code: str
    error: type[SubconsciousError]


TABLE = (
    Line(400, "invalid_request", ValidationError),
    Line(401, "authentication_failed", AuthenticationError),
    Line(403, "permission_denied", SubconsciousError),
    Line(404, "not_found", NotFoundError),
    Line(429, "rate_limited", RateLimitError),
    Line(503, "service_unavailable", SubconsciousError),
    Line(504, "timeout", SubconsciousError),
    Line(500, "internal_error", SubconsciousError),
)


class Sdk(Calls):
    """Calls of Subconscious's SDK."""

    clients = (Subconscious, AsyncSubconscious)

    def run(self, engine: str = "tim", given: Any = QUESTION, *, role: str = "member", **settings: Any) -> Any:
        """Start a run."""
        return self.call(lambda client: client.run(engine, given), role=role, **settings)

    def get(self, run_id: str = "run_that_never_was", **settings: Any) -> Any:
        """Look at a run."""
        return self.call(lambda client: client.get(run_id), **settings)

    def ended(self, run_id: str) -> Any:
        """The run, when it has ended."""
        return self.call(lambda client: client.wait(run_id, timeout=LONGER_THAN_ANY_RUN))

    def streamed(self, engine: str = "tim") -> Any:
        """The events of a run."""
        return self.call(lambda client: events_of(client.stream(engine, QUESTION)))


def says(status: int, code: str, message: str = "So it is.", **facts: Any) -> Answer:
    """A reply that claims to be *code*."""
    return Answer(status, JSON, json.dumps({"error": {"code": code, "message": message, **facts}}).encode())


def said(error: BaseException) -> str:
    """What a traceback shows of *error*: its message and its notes."""
    return " ".join([str(error), *getattr(error, "__notes__", [])])
