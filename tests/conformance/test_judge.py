from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from failwell.clock import Clock, VirtualClock
from failwell.conformance import Bench, Observation, Promise, Verdict
from failwell.conformance.adapter import Colour
from failwell.conformance.errors import NoPromisesError
from failwell.conformance.observation import expect_equal
from failwell.conformance.runner import judge, promises_of
from failwell.sandbox import Reset, Sandbox, Served
from failwell.sandbox.errors import UnknownRoleError
from pictograph.exceptions import NotFoundError, ServerError
from pictograph.promises import ADAPTER
from pictograph_server.vendor import VENDOR

from .broken.by_hand import Adapter

COLOURS: tuple[Colour, Colour] = ("blocking", "awaiting")


@pytest.fixture(scope="module")
def clock() -> VirtualClock:
    """The clock of the sandbox and its clients."""
    return VirtualClock()


@pytest.fixture(scope="module")
def sandbox(clock: VirtualClock) -> Iterator[Sandbox]:
    """One sandbox for all tests of this file: `judge` clears it before each promise."""
    with Sandbox(VENDOR, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture(params=COLOURS)
def bench(request: pytest.FixtureRequest, sandbox: Sandbox, clock: VirtualClock) -> Bench:
    """A bench of each colour."""
    return Bench(sandbox, clock, ADAPTER, request.param)


def verdict(check: Callable[[Bench], None], bench: Bench) -> Verdict:
    """What is thought of a promise with *check*."""
    return judge(Promise("Section", "A sentence.", check), bench)


def _list(client: Any) -> Any:
    return client.datasets.list()


@pytest.mark.parametrize(
    "problem",
    [
        KeyError("run_id"),
        ZeroDivisionError("division by zero"),
        AssertionError("no"),
        ExceptionGroup("several", [ValueError("one")]),
        SystemExit(3),
        asyncio.CancelledError("stopped"),
        RecursionError("too deep"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_odd_failure_of_a_check(bench: Bench, problem: BaseException) -> None:
    """
    A check that fails in a way of its own has not held; the reason says how, and the next check is tried.
    """

    def odd(_bench: Bench) -> None:
        raise problem

    found = verdict(odd, bench)

    reason = f"the check itself failed: {type(problem).__name__}: {problem}"
    assert (False, reason) == (found.held, found.reason)
    assert verdict(lambda bench: bench.call(_list).returned(), bench).held


@pytest.mark.parametrize("problem", [SystemExit(3), httpx2.ReadError("cut"), BaseException("odd")], ids=repr)
def test_odd_failure_of_the_sdk(bench: Bench, problem: BaseException) -> None:
    """
    Whatever an SDK raises in place of a result, the promise has not held, and the check goes on.
    """

    def action(_client: Any) -> Any:
        raise problem

    found = verdict(lambda bench: bench.call(action).returned(), bench)

    assert (False, True) == (found.held, str(problem) in found.reason)


def test_interrupt_ends_the_check(bench: Bench) -> None:
    """
    Ctrl-C is nobody's failure: it ends the whole check.
    """

    def interrupted(_bench: Bench) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict(interrupted, bench)


def test_leftovers(bench: Bench) -> None:
    """
    Failures that were armed and never met mean that the SDK stopped early.
    """

    def stops(bench: Bench) -> None:
        bench.sandbox.next(ServerError("The backend is down", status_code=503), times=4)
        bench.call(_list, max_retries=0)

    found = verdict(stops, bench)

    assert (False, "the SDK stopped early: 3 of the armed failures never met") == (found.held, found.reason)


def test_a_promise_starts_fresh(bench: Bench) -> None:
    """
    What one promise armed, logged and waited for is not there for the next.
    """

    def leaves(bench: Bench) -> None:
        bench.sandbox.arm(Reset(), times=9)
        bench.call(_list)

    seen: list[tuple[int, int, tuple[float, ...]]] = []

    def looks(bench: Bench) -> None:
        call = bench.call(_list)
        call.returned()
        seen.append((len(bench.seen), len(call.requests), call.waits))

    verdict(leaves, bench)
    verdict(looks, bench)

    assert [(1, 1, ())] == seen


@pytest.mark.parametrize("bench", ["blocking"], indirect=True)
def test_limits_are_full_again(bench: Bench) -> None:
    """
    A promise that uses up the rate limit leaves the next one a full limit.
    """

    def uses_up(bench: Bench) -> None:
        for _ in range(400):
            if bench.call(_list, max_retries=0).error is not None:
                return
        raise AssertionError("there is no limit")

    assert verdict(uses_up, bench).held
    assert verdict(lambda bench: bench.call(_list, max_retries=0).returned(), bench).held


def _returned(client: Any) -> Any:
    return client.datasets.list()


def _missing(client: Any) -> Any:
    return client.datasets.get("nothing")


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (lambda bench: bench.call(_returned).raised(NotFoundError), "expected NotFoundError, it returned [Dataset("),
        (
            lambda bench: bench.call(_missing).raised(ServerError),
            "expected ServerError, it raised pictograph.exceptions.NotFoundError: ",
        ),
        (
            lambda bench: bench.call(_missing).raised(NotFoundError, status_code=410),
            "e.status_code: expected 410, saw 404",
        ),
        (
            lambda bench: bench.call(_missing).raised(NotFoundError, colour="red"),
            "e.colour: expected 'red', saw no such attribute",
        ),
        (lambda bench: bench.call(_missing).raised(Exception), "expected Exception, it raised "),
        (lambda bench: bench.call(_missing).returned(), "expected a result, it raised "),
        (lambda bench: bench.call(_returned).tried(2), "requests at the server: expected 2, saw 1"),
        (lambda bench: bench.call(_returned).waited([1]), "the number of waits: expected 1, saw 0"),
        (lambda _bench: expect_equal("the answer", 42, 41), "the answer: expected 42, saw 41"),
    ],
    ids=["returned", "other class", "attribute", "no attribute", "base class", "raised", "tried", "waited", "same"],
)
def test_shortfalls(bench: Bench, check: Callable[[Bench], None], reason: str) -> None:
    """
    A shortfall says what was promised and what was seen instead.
    """
    found = verdict(check, bench)

    assert (False, reason) == (found.held, found.reason[: len(reason)])


def test_waits_are_compared_with_what_was_promised(bench: Bench) -> None:
    """
    A wait may be off by the share that the page grants, and not by more.
    """

    def waits(within: float) -> Callable[[Bench], None]:
        def check(bench: Bench) -> None:
            bench.sandbox.next(ServerError("The backend is down", status_code=503), times=2)
            seen = bench.call(_list)
            seen.returned()
            seen.waited([seen.waits[0] / 1.2, seen.waits[1] / 0.8], within=within)

        return check

    assert [True, False] == [verdict(waits(0.2), bench).held, verdict(waits(0.19), bench).held]


def test_a_call_that_is_shown(bench: Bench) -> None:
    """
    A row shows the last call that raised, or the last; one without calls shows nothing.
    """

    def raises_first(bench: Bench) -> None:
        bench.call(_missing)
        bench.call(_returned)

    found = verdict(raises_first, bench)

    assert NotFoundError is type(found.seen.error)
    assert {"status_code": 404} == dict(found.seen.attributes)
    assert Observation() == verdict(lambda _bench: None, bench).seen


@pytest.mark.parametrize("colour", COLOURS)
def test_sdk_by_hand(sandbox: Sandbox, clock: VirtualClock, colour: Colour) -> None:
    """
    An SDK that is not made with Failwell is checked through an adapter: what it keeps holds, what it lacks is reported.
    """
    bench = Bench(sandbox, clock, Adapter(), colour)
    page = {promise.name: promise for promise in promises_of(VENDOR)}

    found = {name: judge(page[name], bench) for name in ("auth_error", "server_error", "backoff", "forbidden_error")}

    assert {"auth_error": True, "server_error": True, "backoff": False, "forbidden_error": False} == {
        name: verdict.held for name, verdict in found.items()
    }
    assert "requests at the server: expected 4, saw 1" == found["backoff"].reason
    assert "has no attribute 'create'" in found["forbidden_error"].reason


@pytest.mark.parametrize(
    ("place", "source", "reason"),
    [
        ("no_such_module:PROMISES", "", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("pictograph.no_such:PROMISES", "", "ModuleNotFoundError: No module named 'pictograph.no_such'"),
        ("pictograph.promises:NO_SUCH", "", "AttributeError: module 'pictograph.promises' has no attribute 'NO_SUCH'"),
        ("pictograph.promises:ADAPTER", "", "it is a ClassAdapter, not Promises"),
        ("pictograph.promises", "", 'it is not of the form "module:NAME"'),
        ("", "", 'it is not of the form "module:NAME"'),
        ("shop_broken:P", "import no_numpy", "ModuleNotFoundError: No module named 'no_numpy'"),
        ("shop_broken:P", "P = 1 / 0", "ZeroDivisionError: division by zero"),
        ("shop_broken:P", "P = (", "SyntaxError: '(' was never closed (shop_broken.py, line 1)"),
        (
            "shop_broken:P",
            "from failwell.conformance import Promises\nP = Promises(None)",
            "it has none, so there is nothing to check",
        ),
    ],
)
def test_promises_of_a_vendor(
    place: str, source: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What a vendor names as its promises must be there, load, and be promises: or a sentence says what it is instead.
    """
    (tmp_path / "shop_broken.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(NoPromisesError) as caught:
        promises_of(replace(VENDOR, name="wrong", promises=place))

    problem = caught.value
    assert ("wrong", place, reason) == (problem.vendor, problem.place, problem.reason)
    assert f"The promises of 'wrong' ({place!r}) cannot be checked: {reason}. Let its Vendor say" in str(problem)


@pytest.mark.parametrize("names", [("boss",), ("intern", "boss"), ("boss", "member")])
def test_keys_of_other_names(names: tuple[str, ...]) -> None:
    """
    Where no demo key is called "member" calls are made with the first; one that is asked for must be there.
    """

    def serve(folder: Path, clock: Clock) -> Served:
        served = VENDOR.serve(folder, clock)
        keys = {name: served.keys[role] for name, role in zip(names, ("member", "viewer"), strict=False)}
        return replace(served, keys=keys)

    clock = VirtualClock()
    with Sandbox(replace(VENDOR, serve=serve), clock=clock) as running:
        bench = Bench(running, clock, ADAPTER, "blocking")
        page = {promise.name: promise for promise in promises_of(VENDOR)}
        first = "member" if "member" in names else names[0]

        assert (running.keys[first], True) == (running.key(), judge(page["not_found_error"], bench).held)
        with pytest.raises(UnknownRoleError) as caught:
            bench.call(lambda client: client.datasets.list(), role="pro")
    message = f"The server of 'pictograph' has no demo key called 'pro'. It has: {', '.join(names)}."
    assert message == str(caught.value)
