from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from failwell.client import Blocking, Core, Resource, json_body, operation
from failwell.clock import VirtualClock
from failwell.contract import BreakerRules, Resilience
from failwell.policy import Flow
from failwell.wire import error_factory, json, messages
from failwell.wire.retry_after import parse_retry_after
from tests.shop import CATALOGUE, ShopError

STILL_RUNNING = {"detail": {"message": "Still running.", "error_code": "idempotency_in_progress"}}
CONFLICT = {"detail": {"message": "Another request.", "error_code": "idempotency_conflict"}}
REFUSED = {"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}
SAID: Mapping[int, Any] = {409: STILL_RUNNING, 422: REFUSED}
SHARED = Resilience(breaker=BreakerRules(), pacing=True)
"""All that a call may share with others: a budget, a breaker, the pace."""


class Things(Resource[Blocking], name="things"):
    """A client of one operation."""

    @operation
    def make(self) -> Flow[object]:
        """Make one, with an idempotency key."""
        return (yield from self.core.call("things.create", "POST", "/things", json_body, payload={}, mutating=True))


class Counts:
    """How often the JSON of an error was parsed, and its Retry-After read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed = self.read = 0
        real = json.loads

        def loads(*given: Any) -> Any:
            self.parsed += 1
            return real(*given)

        def read(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
            self.read += 1
            return parse_retry_after(headers, now=now)

        monkeypatch.setattr(json, "loads", loads)
        monkeypatch.setattr(messages, "parse_retry_after", read)
        monkeypatch.setattr(error_factory, "parse_retry_after", read)


def made(answers: list[httpx2.Response], resilience: Resilience) -> tuple[str, int]:
    """What a call came to that is answered so, and how many of *answers* it took."""
    left = list(answers)
    with httpx2.Client(transport=httpx2.MockTransport(lambda _request: left.pop(0))) as own:
        core = Core(
            CATALOGUE, base_url="http://things.test", http_client=own, clock=VirtualClock(), resilience=resilience
        )
        try:
            Things(core).make()
        except ShopError as error:
            return type(error).__name__, len(answers) - len(left)
    return "made", len(answers) - len(left)


@pytest.mark.parametrize("resilience", [Resilience(), SHARED], ids=["alone", "shared"])
@pytest.mark.parametrize(
    ("statuses", "headers", "expected"),
    [
        # One reply that is retried: (what came of it, attempts, JSON parses, readings of Retry-After)
        pytest.param([409, 201], {"retry-after": "2"}, ("made", 2, 1, 1), id="409, once"),
        pytest.param([429, 201], {"retry-after": "2"}, ("made", 2, 0, 1), id="429, once"),
        pytest.param([503, 201], {"retry-after": "2"}, ("made", 2, 0, 1), id="503, once"),
        # Replies that are retried in vain: the last one, which becomes the error, costs no more than the others.
        pytest.param([409] * 4, {"retry-after": "2"}, ("ConflictError", 4, 4, 4), id="409, in vain"),
        pytest.param([409] * 4, {}, ("ConflictError", 4, 4, 4), id="409, in vain, without a wait"),
        pytest.param([429] * 4, {"retry-after": "2"}, ("RateLimitError", 4, 1, 4), id="429, in vain"),
        pytest.param([503] * 4, {"retry-after": "2"}, ("ServerError", 4, 1, 4), id="503, in vain"),
        pytest.param([429], {"retry-after": "900"}, ("RateLimitError", 1, 1, 1), id="429, asking for too much"),
        pytest.param([422], {"retry-after": "2"}, ("ValidationError", 1, 1, 0), id="422"),
    ],
)
def test_an_attempt_is_assessed_once(
    statuses: list[int],
    headers: dict[str, str],
    expected: tuple[str, int, int, int],
    resilience: Resilience,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    The JSON of a reply is parsed once at most, its Retry-After read once at most: for delay, budget, pacing and error.
    """
    answers = [
        httpx2.Response(status, json=SAID.get(status, {"detail": "Not now."}), headers=headers) for status in statuses
    ]
    counts = Counts(monkeypatch)

    found = made(answers, resilience)

    assert expected == (*found, counts.parsed, counts.read)


def test_a_conflict_that_is_not_retried_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The code of a 409 says that it is not retried: it is parsed for that, and not again for its error.
    """
    counts = Counts(monkeypatch)

    found = made([httpx2.Response(409, json=CONFLICT)], SHARED)

    assert ("ConflictError", 1, 1, 1) == (*found, counts.parsed, counts.read)
