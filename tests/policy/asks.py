"""What the tests of this folder ask for, and how they play it."""

from __future__ import annotations

from collections.abc import Iterable

from failwell.contract import RetryRules
from failwell.policy import UNGUARDED, Guard, RetryPolicy, RetryResult, Send, with_retries
from failwell.policy.retry.policy import by_catalogue
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply, Request
from tests.shop import CATALOGUE

READ = Request("GET", "/things/1")
WRITE = Request("POST", "/things")
KEYED = Request("POST", "/things", idempotency_key="key-1")

OK = Reply(200, {}, b"{}")
BROKEN = Reply(500)
BUSY = Reply(429)
REFUSED = Failure("network", "connection refused", sent=False)
DROPPED = Failure("network", "connection reset")
SLOW = Failure("timeout", "nothing came")

SHOP = RetryPolicy(CATALOGUE.retries, by_catalogue(CATALOGUE, "things.create"))
IN_PROGRESS = Reply(409, {}, b'{"detail": {"message": "Still running.", "error_code": "idempotency_in_progress"}}')


def asked_to_wait(hint: str, status: int = 429, **headers: str) -> Reply:
    """A reply with a Retry-After of *hint*."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"retry-after": hint, **named}, received=1_790_000_000.0)


def tried(
    request: Request,
    outcomes: Iterable[Outcome],
    *,
    policy: RetryPolicy = SHOP,
    timeout: float | None = 30.0,
    deadline: float | None = None,
    takes: float = 0.0,
    chance: float = 0.5,
    guard: Guard = UNGUARDED,
) -> tuple[RetryResult, Player]:
    """What came of *request*, and the world that it was played in."""
    player = Player(outcomes, takes=takes, chance=chance)
    return player.run(with_retries(Send(request, timeout), policy, deadline=deadline, guard=guard)), player


def retries(count: int) -> RetryPolicy:
    """The shop's policy with another number of retries."""
    return RetryPolicy(RetryRules(max_retries=count), SHOP.classify)
