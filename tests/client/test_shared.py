"""What the calls of a process share, over real sockets: threads, asyncio and trio."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from failwell import BreakerRules, BudgetRules, Resilience
from failwell.client import Core
from failwell.client.guards import Guards
from failwell.client.transport.targets import origin_of
from failwell.clock import SystemClock, VirtualClock
from failwell.contract import Secret
from failwell.runtime.shared_state import MOST_ORIGINS, shared
from pictograph import AsyncClient, Client
from pictograph.exceptions import CATALOGUE, ConfigurationError, NetworkError, PictographError, RateLimitError
from tests.servers.sockets import Peer, SocketServer, http, serving

from .colours import KEY, RUN, asked, every_colour, read

PATIENCE = 30.0
FAILURES = 4
PROBES = 3
RULES = Resilience(breaker=BreakerRules(calls=FAILURES, open_for=30.0, probes=PROBES, successes=2), pacing=True)
FINE = http(200, RUN)
SOON = "HTTP/1.1 429 Said\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: {}\r\n\r\n"


def many(colour: str, count: int, ask: Callable[[Any], Any], **settings: Any) -> list[object]:
    """What each of *count* calls of one client, all at once, returned or raised."""
    ended: list[object] = []

    def kept(one: Callable[[], object]) -> None:
        try:
            ended.append(one())
        except PictographError as error:
            ended.append(error)

    if colour == "blocking":
        together = threading.Barrier(count)

        def work(_number: int) -> None:
            together.wait(PATIENCE)
            kept(lambda: ask(client))

        with Client(**settings) as client, ThreadPoolExecutor(count) as threads:
            list(threads.map(work, range(count)))
        return ended

    async def run() -> None:
        async def one(client: AsyncClient) -> None:
            try:
                ended.append(await ask(client))
            except PictographError as error:
                ended.append(error)

        async with AsyncClient(**settings) as client, anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(one, client)

    anyio.run(run, backend=colour)
    return ended


def settings(server: SocketServer, clock: VirtualClock | None = None, **more: Any) -> dict[str, Any]:
    """What a client of *server* is built with."""
    given = {"api_key": KEY, "base_url": server.url, "timeout": PATIENCE, "max_retries": 0, "resilience": RULES}
    return {**given, "clock": clock or VirtualClock(), **more}


@every_colour
def test_twenty_calls_at_once(colour: str) -> None:
    """
    R11. 20 parallel calls meet at a barrier of 20 in the server: neither breaker, budget nor pace serialises them.
    """
    together = threading.Barrier(20)

    def meet(peer: Peer) -> None:
        together.wait(PATIENCE)
        peer.say(FINE)

    with serving(meet) as server:
        ended = many(colour, 20, read, **settings(server))

    assert ["run_1"] * 20 == [getattr(one, "id", one) for one in ended]


@every_colour
def test_a_thousand_calls_at_half_open(colour: str) -> None:
    """
    R11. Of 1,000 concurrent calls at half-open exactly the probes reach the server; each other one is refused.
    """
    refused: list[str] = []
    all_others = threading.Event()

    def when_all_others_are_refused(peer: Peer) -> None:
        assert all_others.wait(PATIENCE)
        peer.say(FINE)

    def told(name: str, facts: dict[str, Any]) -> None:
        if name == "call_refused":
            refused.append(facts["by"])
            if len(refused) == 1_000 - PROBES:
                all_others.set()

    clock = VirtualClock()
    with serving(*[http(500)] * FAILURES, when_all_others_are_refused) as server:
        given = settings(server, clock, on_event=told)
        for _ in range(FAILURES):
            many(colour, 1, read, **given)
        clock.advance(30.0)
        ended = many(colour, 1_000, read, **given)

    assert ["breaker"] * (1_000 - PROBES) == refused
    assert PROBES == len(server.seen) - FAILURES
    assert PROBES == sum(not isinstance(one, PictographError) for one in ended)
    assert 1_000 - PROBES == sum(isinstance(one, NetworkError) and one.attempts == () for one in ended)


@every_colour
def test_retry_after_counts_down(colour: str) -> None:
    """
    R11. The seconds until the circuit lets calls out again count down with the clock.
    """
    clock, left = VirtualClock(), []
    with serving(http(500)) as server:
        given = settings(server, clock)
        many(colour, FAILURES, read, **given)
        for _ in range(3):
            (error,) = many(colour, 1, read, **given)
            assert isinstance(error, NetworkError)
            assert error.suppression is not None
            left.append(error.suppression.seconds)
            clock.advance(10.0)

    assert ([30.0, 20.0, 10.0], FAILURES) == (left, len(server.seen))


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_cancelled_probes(colour: str) -> None:
    """
    R11, R12. A probe whose task is cancelled leaves its slot to another call.
    """
    clock = VirtualClock()

    async def cancelled(server: SocketServer, given: dict[str, Any]) -> None:
        async with AsyncClient(**given) as client:
            for number in range(2 * PROBES):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.training.get, "run_1")
                    with anyio.fail_after(PATIENCE):
                        while len(server.seen) <= FAILURES + number:  # noqa: ASYNC110 - the server is in threads
                            await anyio.sleep(0.001)
                    tasks.cancel_scope.cancel()

    with serving(*[http(500)] * FAILURES, *[Peer.silence] * (2 * PROBES), FINE) as server:
        given = settings(server, clock)
        many(colour, FAILURES, read, **given)
        clock.advance(30.0)
        anyio.run(cancelled, server, given, backend=colour)
        ended = many(colour, 1, read, **given)

    assert ["run_1"] == [getattr(one, "id", one) for one in ended]


@every_colour
def test_the_budget_is_the_processes(colour: str) -> None:
    """
    R10. Clients of one process share the budget for a server: what one spent, another has not.
    """
    clock, told = VirtualClock(), []
    with serving(http(500)) as server:
        given = settings(server, clock, max_retries=4, resilience=Resilience(budget=BudgetRules(floor=5, window=60.0)))
        for _ in range(3):
            many(colour, 1, read, **given, on_event=lambda name, _facts: told.append(name))

    assert ["retry"] * 5 + ["retry_suppressed"] * 2 == [name for name in told if name.startswith("retry")]
    assert 3 + 5 == len(server.seen)


@every_colour
def test_one_reply_holds_back_the_others(colour: str) -> None:
    """
    What one call is told of waiting holds back the next, also of another client with the same key; not of another key.
    """
    clock = VirtualClock()
    with serving(SOON.format(90).encode(), FINE) as server:
        given = settings(server, clock)
        (error,) = many(colour, 1, read, **given)
        assert isinstance(error, RateLimitError)
        asked(colour, read, **{**given, "api_key": "another"})
        assert [] == clock.waits()

        asked(colour, read, **given)

    (waited,) = clock.waits()
    assert 90.0 <= waited <= 99.0


@every_colour
def test_longer_than_we_ever_wait(colour: str) -> None:
    """
    Over the contract's cap nothing is sent, and the error has the full value.
    """
    with serving(SOON.format(500).encode(), FINE) as server:
        given = settings(server)
        many(colour, 1, read, **given)
        (error,) = many(colour, 1, read, **given)

    assert isinstance(error, RateLimitError)
    assert (500, 429, 1) == (error.retry_after, error.status_code, len(server.seen))
    assert "was not sent: the server asked earlier calls to wait, for 500.0 s more" in str(error)


def test_off_by_default() -> None:
    """
    A Pictograph client has a budget; breaker and pace are there on demand.
    """
    with Client(KEY) as client:
        assert Resilience(BudgetRules(), None, False) == client.core.resilience


@pytest.mark.parametrize(
    ("resilience", "words"),
    [
        ("high", "resilience is of type str; it must be failwell.Resilience(...)."),
        (Resilience(BudgetRules(window=0)), "budget.window is 0; it must be a number of seconds above 0"),
        (Resilience(BudgetRules(floor=-1)), "budget.floor is -1; it must be at least 0"),
        (Resilience(BudgetRules(per_call=float("nan"))), "budget.per_call is nan; it must be at least 0"),
        (Resilience(breaker=BreakerRules(ratio=0)), "breaker.ratio is 0; it must be above 0, and at most 1"),
        (Resilience(breaker=BreakerRules(calls=0)), "breaker.calls is 0; it must be at least 1"),
        (Resilience(breaker=BreakerRules(open_for=-1.0)), "breaker.open_for is -1.0"),
        (Resilience(breaker=BreakerRules(probes=1)), "at least breaker.successes (2) must be let out"),
        (Resilience(breaker=BreakerRules(last=5)), "breaker.last is 5; it must be at least breaker.calls (10)"),
    ],
    ids=str,
)
def test_what_cannot_work(resilience: Any, words: str) -> None:
    """
    Rules that cannot work are refused when the client is built, in words that name the number.
    """
    with pytest.raises(ConfigurationError) as caught:
        Client(KEY, resilience=resilience)

    assert words in str(caught.value)


def test_another_way_to_retry() -> None:
    """
    There are two ways to repeat calls, and no third.
    """
    with pytest.raises(ConfigurationError) as caught:
        Client(KEY, retry="sometimes")  # type: ignore[arg-type]

    assert 'retry is \'sometimes\'; it must be "standard" or "large_fleet".' == str(caught.value)


def test_who_shares() -> None:
    """
    Shared is by server, rules and time: the system's clocks are one, others each their own.
    """
    mine, other = VirtualClock(), VirtualClock()
    at = "https://api.example.com"

    assert shared(at, RULES, mine) is shared(at, Resilience(breaker=RULES.breaker, pacing=True), mine)
    assert shared(at, RULES, SystemClock()) is shared(at, RULES, SystemClock())
    assert 4 == len(
        {
            shared(at, RULES, mine),
            shared(at, RULES, other),
            shared("https://other.example.com", RULES, mine),
            shared(at, Resilience(), mine),
        }
    )


def test_a_clock_that_is_no_key() -> None:
    """
    Clients with a clock that cannot be hashed share nothing, and work.
    """

    class Unhashable(VirtualClock):
        __hash__ = None  # type: ignore[assignment]

    clock = Unhashable()
    at = "https://api.example.com"

    assert shared(at, RULES, clock) is not shared(at, RULES, clock)


def test_by_operation_and_server() -> None:
    """
    R11. A breaker is one operation's at one server; a whole URL elsewhere is another server's.
    """
    guards = Guards("https://api.example.com/v1", RULES, VirtualClock(), "caller")
    get, also = guards.of("training.get", "/a"), guards.of("training.get", "https://api.example.com/b")
    create, elsewhere = (
        guards.of("training.create", "/a"),
        guards.of("training.get", "https://bucket.example.com/x?s=1"),
    )

    assert get is also
    assert get.breaker is not create.breaker
    assert (get.budget, get.pacer) == (create.budget, create.pacer)
    assert len({get.budget, elsewhere.budget}) == len({get.pacer, elsewhere.pacer}) == 2
    assert elsewhere.breaker is not None
    assert "training.get at https://bucket.example.com" == elsewhere.breaker.name


@pytest.mark.parametrize("url", ["https://me:secret@api.example.com:8443/v1?key=1#x", "https://api.example.com:8443"])
def test_a_server_has_no_secrets_in_its_name(url: str) -> None:
    """
    R4. A server's name is its scheme, host and port.
    """
    assert "https://api.example.com:8443" == origin_of(url)


def test_no_key_is_kept() -> None:
    """
    R4. What tells callers apart holds no credential.
    """
    core = Core(CATALOGUE, base_url="https://api.example.com", credentials=(("X", Secret(KEY)),), resilience=RULES)

    assert KEY not in repr(vars(core._guards))
    assert core._guards._caller not in {"", KEY}


def test_servers_that_nobody_asks_any_more() -> None:
    """
    What is known of servers is bounded.
    """
    first = shared("https://0.example.com", RULES, SystemClock())
    for number in range(1, MOST_ORIGINS + 1):
        shared(f"https://{number}.example.com", RULES, SystemClock())

    assert first is not shared("https://0.example.com", RULES, SystemClock())


FORKED = """
import os, sys, threading, warnings
from failwell import BreakerRules, Resilience
from failwell.runtime import shared_state as shared
from failwell.clock import SystemClock
from failwell.policy.resilience.breaker import Permit

warnings.simplefilter("ignore")
rules = Resilience(breaker=BreakerRules(calls=1, probes=1, successes=1), pacing=True)
origin = shared.shared("https://api.example.com", rules, SystemClock())
guard = origin.guard("training.get", "caller")
guard.breaker.tell(Permit(), False, 0.0)          # a permit from before any change is nobody's
permit = Permit(); guard.breaker.ask(permit, 0.0); guard.breaker.tell(permit, False, 0.0)
guard.pacer.learn(0.0, 50.0)
held, done = threading.Event(), threading.Event()

def hold():
    with shared._lock, origin._lock:
        held.set()
        done.wait(30)

threading.Thread(target=hold, daemon=True).start()
held.wait(30)
child = os.fork()
if child == 0:
    guard.budget.deposit(0.0)
    assert guard.breaker.state(1.0) == "closed" and guard.breaker.ask(Permit(), 1.0) is None
    assert guard.pacer.left(0.0) == 0.0
    assert shared.shared("https://api.example.com", rules, SystemClock()).guard("training.get", "caller") == guard
    os._exit(7)
_, status = os.waitpid(child, 0)
assert guard.breaker.state(1.0) == "open" and guard.pacer.left(0.0) == 50.0
done.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no fork")
def test_after_a_fork() -> None:
    """
    The child of a fork begins anew, also when a thread of the parent held a lock; the parent goes on as before.
    """
    done = subprocess.run([sys.executable, "-c", FORKED], timeout=PATIENCE, capture_output=True, text=True, check=False)

    assert (7, "") == (done.returncode, done.stderr)
