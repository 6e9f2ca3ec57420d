from __future__ import annotations

from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, strategies as st

from failwell.clock import VirtualClock
from failwell.policy import Flow, RetryPolicy, Send, call_or_raise, notify, now, poll_until, random, send, sleep
from failwell.policy.retry.policy import by_catalogue
from failwell.runtime.driver import AsyncDriver, Driver
from failwell.testing import Player
from failwell.wire.messages import Failure, Outcome, Reply, Request
from pictograph.exceptions import CATALOGUE, PictographError, PollTimeoutError, ServerError

READ = Request("GET", "/x")
KEYED = Request("POST", "/x", idempotency_key="k")
WRITE = Request("POST", "/x")
POLICY = RetryPolicy(CATALOGUE.retries, by_catalogue(CATALOGUE, None))

OUTCOMES = st.one_of(
    st.builds(
        Reply,
        st.sampled_from([200, 201, 204, 302, 400, 401, 402, 404, 409, 418, 422, 429, 500, 502, 503, 504]),
        st.one_of(
            st.just({}),
            st.builds(lambda hint: {"retry-after": hint}, st.sampled_from(["0", "2", "120", "121", "soon", "-1"])),
            st.just({"x-request-id": "req-1"}),
        ),
        st.sampled_from(
            [b"", b"{}", b'{"detail": "no"}', b'{"detail": {"error_code": "idempotency_in_progress"}}', b"<"]
        ),
    ),
    st.builds(Failure, st.sampled_from(["network", "timeout", "unreadable"]), st.just("gone"), st.booleans()),
)


class Script:
    """Both kinds of transport: gives out *outcomes*, and remembers what was sent."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = iter(outcomes)
        self.sent: list[Send] = []

    def send(self, request: Request, timeout: float | None) -> Outcome:
        self.sent.append(Send(request, timeout))
        return next(self.outcomes)

    def close(self) -> None:
        pass


class AwaitedScript(Script):
    async def send(self, request: Request, timeout: float | None) -> Outcome:  # type: ignore[override]
        await anyio.lowlevel.checkpoint()
        return super().send(request, timeout)

    async def aclose(self) -> None:
        pass


class FixedClock(VirtualClock):
    """A virtual clock whose chance is always the same, as a player's."""

    def random(self) -> float:
        return 0.5


def one_call(request: Request, deadline: float | None) -> Flow[bytes]:
    """A call of Pictograph's, as a flow."""
    return call_or_raise(
        request, lambda reply: reply.body, catalogue=CATALOGUE, policy=POLICY, timeout=3.0, deadline=deadline
    )


def facts(outcome: object) -> object:
    """What of a result or an error must be the same everywhere."""
    if isinstance(outcome, PictographError):
        return type(outcome), str(outcome), {**vars(outcome)}, outcome.args
    return outcome


def played(flow: Flow[Any], outcomes: list[Outcome]) -> tuple[Any, ...]:
    """What a player saw."""
    player = Player(outcomes)
    try:
        result: object = player.run(flow)
    except PictographError as error:
        result = error
    return facts(result), player.sent, player.waited, [(told.name, told.facts) for told in player.emitted]


def driven(flow: Flow[Any], outcomes: list[Outcome]) -> tuple[Any, ...]:
    """What the blocking driver did."""
    script, clock, told = Script(outcomes), FixedClock(), []
    try:
        result = Driver(script, clock, lambda name, what: told.append((name, what))).drive(flow)
    except PictographError as error:
        result = error
    return facts(result), script.sent, clock.waits(), told


def awaited(flow: Flow[Any], outcomes: list[Outcome], backend: str) -> tuple[Any, ...]:
    """What the awaiting driver did."""
    script, clock, told = AwaitedScript(outcomes), FixedClock(), []

    async def run() -> Any:
        try:
            return await AsyncDriver(script, clock, lambda name, what: told.append((name, what))).drive(flow)
        except PictographError as error:
            return error

    result = anyio.run(run, backend=backend)
    return facts(result), script.sent, clock.waits(), told


@given(
    st.lists(OUTCOMES, min_size=4, max_size=4),
    st.sampled_from([READ, KEYED, WRITE]),
    st.sampled_from([None, 2.5, 60.0]),
)
def test_one_flow_one_result(outcomes: list[Outcome], request_: Request, deadline: float | None) -> None:
    """
    The same outcomes give the same result, the same requests, waits and words, played, blocking and awaited.
    """
    expected = played(one_call(request_, deadline), outcomes)

    assert expected == driven(one_call(request_, deadline), outcomes)
    assert expected == awaited(one_call(request_, deadline), outcomes, "asyncio")
    assert expected == awaited(one_call(request_, deadline), outcomes, "trio")


@given(st.lists(st.sampled_from([b"running", b"done", b"down"]), min_size=30, max_size=30), st.floats(0.5, 60.0))
def test_one_poll_one_result(bodies: list[bytes], timeout: float) -> None:
    """
    Polling, too, is the same played, blocking and awaited.
    """
    outcomes: list[Outcome] = [Reply(500 if body == b"down" else 200, {}, body) for body in bodies]

    def look() -> Flow[bytes]:
        outcome = yield from send(READ)
        assert isinstance(outcome, Reply)
        if outcome.status == 500:
            raise ServerError("down")
        return outcome.body

    def polling() -> Flow[bytes]:
        return poll_until(
            look,
            lambda body: body == b"done",
            timeout=timeout,
            timed_out=lambda last: PollTimeoutError("not done", last_result=last),
            transient=lambda error: isinstance(error, ServerError),
        )

    expected = played(polling(), outcomes)

    assert expected == driven(polling(), outcomes)
    assert expected == awaited(polling(), outcomes, "asyncio")


def remembering(closed: list[str]) -> Flow[None]:
    """A flow with every effect, that tells when it is closed."""
    try:
        yield from now()
        yield from random()
        yield from notify("word", number=1)
        yield from sleep(1.0)
        yield from send(READ)
    finally:
        closed.append("closed")


class Interrupted(Script):
    """Ctrl-C while it sends."""

    def send(self, request: Request, timeout: float | None) -> Outcome:
        raise KeyboardInterrupt


class Impatient(VirtualClock):
    """Ctrl-C while it sleeps."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(("script", "clock"), [(Interrupted([]), VirtualClock()), (Script([]), Impatient())])
def test_ctrl_c(script: Script, clock: VirtualClock) -> None:
    """
    Ctrl-C while sending or sleeping leaves unchanged, and the flow is closed at once.
    """
    closed: list[str] = []
    flow = remembering(closed)
    with pytest.raises(KeyboardInterrupt) as caught:
        Driver(script, clock).drive(flow)

    assert ["closed"] == closed
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


def test_observers_that_fail() -> None:
    """
    What an observer raises leaves the driver, and the flow is closed.
    """
    closed: list[str] = []

    def fail(name: str, what: dict[str, Any]) -> None:
        raise LookupError(name)

    with pytest.raises(LookupError, match="word"):
        Driver(Script([]), VirtualClock(), fail).drive(remembering(closed))
    assert ["closed"] == closed


@pytest.mark.anyio
@pytest.mark.parametrize("during", ["send", "sleep"])
async def test_cancellation(during: str) -> None:
    """
    A cancellation while sending or sleeping is neither retried nor wrapped, and the flow is closed before it leaves.
    """
    closed: list[str] = []
    reached = anyio.Event()

    class Slow(AwaitedScript):
        async def send(self, request: Request, timeout: float | None) -> Outcome:  # type: ignore[override]
            self.sent.append(Send(request, timeout))
            reached.set()
            await anyio.sleep_forever()
            raise AssertionError

    class SlowClock(VirtualClock):
        async def asleep(self, seconds: float) -> None:
            if during == "sleep":
                reached.set()
                await anyio.sleep_forever()

    script = Slow([])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(AsyncDriver(script, SlowClock()).drive, remembering(closed))
        with anyio.fail_after(2):
            await reached.wait()
        tasks.cancel_scope.cancel()

    assert ["closed"] == closed
    assert (1 if during == "send" else 0) == len(script.sent)


@pytest.mark.anyio
async def test_cancelled_calls_are_not_errors() -> None:
    """
    A call that is cancelled from outside ends with the cancellation, not with a RequestTimeoutError.
    """
    with anyio.move_on_after(0.05) as scope:
        await AsyncDriver(_Never([]), VirtualClock()).drive(one_call(READ, None))

    assert scope.cancelled_caught


class _Never(AwaitedScript):
    async def send(self, request: Request, timeout: float | None) -> Outcome:  # type: ignore[override]
        await anyio.sleep_forever()
        raise AssertionError


def test_flows_are_closed_after_success() -> None:
    """
    A flow that has returned is finished.
    """
    flow = one_call(READ, None)
    Driver(Script([Reply(200)]), VirtualClock()).drive(flow)

    with pytest.raises(StopIteration):
        next(flow)
