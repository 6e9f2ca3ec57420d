"""Calls of every kind, each cancelled at each place where it waits, over the real connection pool.

`python -m tests.client.cancellations [RUNS] [SEED]` does it RUNS times (10,000) and prints the places where it did.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar
from unittest import mock

import anyio
import anyio.lowlevel
import pytest
import trio

from failwell import BreakerRules, Resilience
from failwell._support.secret import Secret
from failwell.client import (
    Api,
    Awaiting,
    BatchSpec,
    Blocking,
    Page,
    Pages,
    Resource,
    SharedClients,
    TwofoldObject,
    all_of,
    batch_of,
    event,
    json_body,
    nothing,
    operation,
    paced,
    paged,
    streamed,
    twofold,
)
from failwell.client.shared import _Made
from failwell.clock import VirtualClock
from failwell.contract import Header
from failwell.policy import Flow, StreamFlow, poll_until
from failwell.policy.stream.rules import StreamRules
from failwell.wire.sse import Event
from pictograph import AsyncClient, Client
from pictograph.exceptions import NetworkError, PictographError, PollTimeoutError
from tests.servers.network import Network, cut, reply

from .awaits import Place, all_places, places_of, stepping
from .colours import KEY

C = TypeVar("C", Blocking, Awaiting)
FAILURES, WINDOW = 5, 30.0
RULES = Resilience(
    breaker=BreakerRules(calls=FAILURES, window=WINDOW, open_for=60.0, probes=1, successes=1), pacing=True
)
ELSEWHERE = {
    "operations/batches.py": "tasks of its own, cancelled in its own tests",
    "operations/workers.py": "the same",
    "transport/httpx/early_answers.py": "a task of its own, cancelled in its own tests",
    "transport/pyreqwest.py": "its network is not Python's: it has no places to wait at but the first",
    "transport/httpx/event_loops.py": "awaited by an event loop at its own end, when its tasks are over",
    "transport/websocket.py": "websockets, cancelled in their own tests",
    "operations/sessions.py": "the same",
}
"""The files whose awaits are not reached from here, and why."""
MOST_READ, LONGEST = 100, 200
"""Bytes that are read of an error, and of an answer that should be a stream."""
Kind = Literal["asyncio", "asyncio, twice", "asyncio, by scope", "trio"]
KINDS: tuple[Kind, ...] = ("asyncio", "asyncio, twice", "asyncio, by scope", "trio")


class Calls(Resource[C], name="calls"):
    """One call of each kind. The *number* in it comes back in its answer, and in no other's."""

    @operation
    def get(self, number: int, kind: str = "one") -> Flow[Any]:
        """Ask."""
        return (yield from self.core.call("calls.get", "GET", f"/{kind}/{number}", json_body))

    @operation
    def put(self, number: int, content: Callable[[], Iterator[bytes]]) -> Flow[Any]:
        """Send what is read while it is sent."""
        return (yield from self.core.call("calls.put", "PUT", f"/one/{number}", json_body, content=content))

    @operation
    def fetch(self, number: int, into: Callable[[], Callable[[bytes], object]]) -> Flow[None]:
        """Let the answer go elsewhere."""
        yield from self.core.call("calls.fetch", "GET", f"/one/{number}", nothing, into=into)

    @operation
    def make(self, number: int) -> Flow[Any]:
        """Make something: the answers of the first three attempts do not come."""
        return (yield from self.core.call("calls.make", "POST", f"/lost/{number}", json_body, mutating=True))

    @operation
    def wait(self, number: int) -> Flow[Any]:
        """Ask until it is done."""
        return (
            yield from poll_until(
                lambda: Calls.get.flow(self, number, "job"),
                lambda found: "running" not in found,
                timeout=60.0,
                timed_out=lambda _last: PollTimeoutError("not done"),
            )
        )

    @paged
    def rows(self, number: int) -> Pages[int]:
        """Give three rows, from two pages."""

        def fetch(limit: int, offset: int) -> Flow[Page[int]]:
            found = yield from self.core.call("calls.rows", "GET", f"/page{offset}/{number}", json_body)
            return Page(found["rows"], found["more"])

        return Pages(fetch, 2)

    @streamed
    def events(self, number: int, kind: str = "events") -> StreamFlow[Event]:
        """Give three events, over one cut."""
        rules = StreamRules(done="[DONE]", resumable=True)
        return self.core.stream("calls.events", "GET", f"/{kind}/{number}", event, rules=rules)

    @operation
    def whole(self, number: int) -> Flow[list[Event]]:
        """Give the events of a stream in one list."""
        return (yield from all_of(self.core, Calls.events.flow(self, number)))

    @operation
    def together(self, number: int) -> Flow[Any]:
        """Ask within a batch."""
        calls = paced(self)
        many = BatchSpec(lambda one, _key: Calls.get.flow(calls, one), [number], progress=False)
        return (yield from batch_of(calls.core, many)).results[0]

    @streamed
    def started(self, number: int) -> StreamFlow[Event]:
        """Ask for something, and then where the answer to a POST says that the events are."""
        yield from self.core.call("calls.started", "GET", f"/one/{number}", json_body)
        rules = StreamRules(done="[DONE]", follow=Header("X-Stream"))
        yield from self.core.stream("calls.events", "POST", f"/start/{number}", event, rules=rules, mutating=True)


CLIENTS = SharedClients(Client, AsyncClient, lambda: KEY)
"""Has the client of the world in which a scenario happens."""


class Number(TwofoldObject, clients=CLIENTS, name="calls"):
    """An object with both colours."""

    @twofold
    def get(self, api: Api, number: int) -> Flow[Any]:
        """Ask."""
        return api.call("GET", f"/one/{number}", json_body)

    aget = get.awaiting


class Server:
    """Says what each call is answered with. *asked* are the targets, in order."""

    def __init__(self, cuts: random.Random) -> None:
        self.cuts = cuts
        self.asked: list[str] = []
        self.down = False

    def answer(self, target: str) -> list[bytes]:
        """The pieces of the reply to a request for *target*."""
        times = self.asked.count(target)
        self.asked.append(target)
        _, kind, tail = target.rsplit("/", 2)
        number = int(tail)
        if self.down or times < {"flaky": 1, "lost": 3}.get(kind, 0):
            return reply(b'{"detail": "down"}', status=500, cuts=self.cuts)
        if kind == "throttled" and times == 0:
            return reply(b"{}", "Retry-After: 3", status=429, cuts=self.cuts)
        if kind.startswith("garbled"):
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/%s\r\nContent-Length: 99\r\n\r\n"
            return [head % kind.removeprefix("garbled-").encode(), b"this is no gzip"]
        if kind == "page":
            return [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n", b"<html>"]
        if kind == "over":
            return [b"HTTP/1.1 204 Over\r\n\r\n"]
        if kind == "long":
            return [*reply(b'{"detail": "too much"}' + b" " * MOST_READ, status=404), b" "]
        if kind == "start":
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\nX-Stream: /late/%d\r\n\r\n" % number
            return [head, b" " * (LONGEST + 1)]
        if kind == "late":
            times, kind = 1, "events"
        if kind == "events":
            told = b"".join(b"id: %d\ndata: %d\n\n" % (n, number) for n in ((1, 2), (3,))[min(times, 1)])
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            return [head, *cut(told + (b"data: [DONE]\n\n" if times else b""), self.cuts)]
        said: Any = {"n": number}
        if kind == "job" and times < 2:
            said = {"n": number, "running": True}
        if kind.startswith("page"):
            said = {"rows": [number] * (2 if kind == "page0" else 1), "more": kind == "page0"}
        closing = ("Connection: close",) if kind == "last" else ()
        return reply(json.dumps(said).encode(), *closing, cuts=self.cuts)


class Clock(VirtualClock):
    """Tells how often somebody has slept to the end."""

    slept = 0

    async def asleep(self, seconds: float) -> None:
        """Wait, which takes no time."""
        await super().asleep(seconds)
        self.slept += 1


class World:
    """A client, the server it talks to, and the time in which it does."""

    def __init__(self, chance: random.Random, *, base_url: str = "http://calls.test", proxy: str = "") -> None:
        self.clock = Clock()
        self.server = Server(chance)
        self.network = Network(self.server.answer)
        self.events: list[str] = []
        variables = {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy} if proxy else {}
        with mock.patch.dict(os.environ, variables):
            self.client = AsyncClient(
                KEY,
                base_url=base_url,
                clock=self.clock,
                resilience=RULES,
                max_retries=2,
                timeout=1e5,
                on_event=lambda name, _facts: self.events.append(name),
            )
        self.network.below(self.client.core)
        self.calls: Calls[Awaiting] = Calls(self.client.core)
        self.number = 0

    @property
    def pools(self) -> list[Any]:
        """The connection pools of the client."""
        transport: Any = self.client.core._transport._client._transport
        ways = getattr(transport, "_ways", {})
        return [one._pool for one in (transport, *ways.values()) if hasattr(one, "_pool")]

    def next_number(self) -> int:
        """One that was never used."""
        self.number += 1
        return self.number

    def time_goes_by(self) -> None:
        """Long enough for everything to be forgotten, and for an open circuit to let out a probe."""
        self.clock.advance(1_000.0)

    def left_behind(self) -> list[str]:
        """What a call that has ended left open, taken or half read."""
        found = []
        connections = [one for pool in self.pools for one in pool.connections if not one.is_closed()]
        busy = [one.info() for one in connections if not one.is_idle()]
        if busy:
            found.append(f"busy connections: {busy}")
        if len(connections) != len(self.network.open):
            found.append(f"{len(self.network.open)} sockets are open for {len(connections)} connections")
        if any(pool._requests for pool in self.pools):
            found.append("a request waits for a connection")
        half_read = [wire for wire in self.network.open if wire.coming]
        if half_read:
            found.append(f"a connection to be used again is half read: {half_read[0].coming}")
        return found


Scenario = Callable[[World], Awaitable[object]]


async def read(world: World) -> None:
    """A call that succeeds."""
    number = world.next_number()
    assert {"n": number} == await world.calls.get(number)


async def last(world: World) -> None:
    """A call after which the server closes the connection."""
    number = world.next_number()
    assert {"n": number} == await world.calls.get(number, "last")


async def repeated(world: World) -> None:
    """A call that is repeated after a 500."""
    number = world.next_number()
    assert {"n": number} == await world.calls.get(number, "flaky")


async def throttled(world: World) -> None:
    """A call that is repeated when the server asks for it."""
    number = world.next_number()
    assert {"n": number} == await world.calls.get(number, "throttled")


async def written(world: World) -> None:
    """A call with a body that is read while it is sent."""
    number = world.next_number()
    assert {"n": number} == await world.calls.put(number, lambda: iter([b"some", b"bytes"]))


async def fetched(world: World) -> None:
    """A call whose answer goes elsewhere."""
    number = world.next_number()
    chunks: list[bytes] = []
    await world.calls.fetch(number, lambda: chunks.append)
    assert {"n": number} == json.loads(b"".join(chunks))


async def settled(world: World) -> None:
    """An answer that a call has lost, asked for again."""
    number = world.next_number()
    with pytest.raises(PictographError) as caught:
        await world.calls.make(number)
    assert {"n": number} == await world.client.settle(caught.value)


async def waited(world: World) -> None:
    """A wait for a job."""
    number = world.next_number()
    assert {"n": number} == await world.calls.wait(number)


async def rows(world: World) -> None:
    """Two pages of rows."""
    number = world.next_number()
    assert [number] * 3 == [row async for row in world.calls.rows(number)]


async def events(world: World) -> None:
    """A stream that is taken up again after a cut."""
    number = world.next_number()
    async with world.calls.events(number) as stream:
        assert [str(number)] * 3 == [event.data async for event in stream]


async def whole(world: World) -> None:
    """A stream within a call."""
    number = world.next_number()
    assert [str(number)] * 3 == [event.data for event in await world.calls.whole(number)]


async def together(world: World) -> None:
    """A batch within a call."""
    number = world.next_number()
    assert {"n": number} == await world.calls.together(number)


async def left(world: World) -> None:
    """A stream that is left after its first event."""
    number = world.next_number()
    stream = world.calls.events(number)
    assert str(number) == (await anext(stream)).data
    await stream.aclose()


async def left_block(world: World) -> None:
    """A stream whose `async with` is left after the first event."""
    number = world.next_number()
    async with world.calls.events(number) as stream:
        assert str(number) == (await anext(stream)).data


async def started(world: World) -> None:
    """A stream that begins with a call, and goes on elsewhere."""
    number = world.next_number()
    async with world.calls.started(number) as stream:
        assert [str(number)] == [event.data async for event in stream if event.data.isdigit()]


async def garbled(world: World) -> None:
    """An answer that cannot be decoded, and is not read to its end."""
    with pytest.raises(PictographError, match="could not be read"):
        await world.calls.get(world.next_number(), "garbled-plain")


async def garbled_events(world: World) -> None:
    """A stream that cannot be decoded."""
    with pytest.raises(PictographError, match="could not be read"):
        await anext(world.calls.events(world.next_number(), "garbled-event-stream"))


async def no_events(world: World) -> None:
    """A page where a stream should be."""
    with pytest.raises(PictographError, match="text/html"):
        await anext(world.calls.events(world.next_number(), "page"))


async def no_stream(world: World) -> None:
    """Nothing where a stream should be."""
    with pytest.raises(PictographError, match="status 204"):
        await anext(world.calls.events(world.next_number(), "over"))


async def unwritable(world: World) -> None:
    """An answer that cannot be put where it should go."""

    def into() -> Callable[[bytes], object]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await world.calls.fetch(world.next_number(), into)


async def long_error(world: World) -> None:
    """An error whose body is too long to be read to its end."""
    with pytest.raises(PictographError, match="too much"):
        await world.calls.get(world.next_number(), "long")


async def refused(world: World) -> None:
    """A server that does not want to speak TLS."""
    world.network.refusing = True
    try:
        with pytest.raises(NetworkError, match="no TLS"):
            await world.calls.get(world.next_number())
    finally:
        world.network.refusing = False


async def probed(world: World) -> None:
    """A call that is the probe of an open circuit."""
    await read(world)


async def queued(world: World) -> None:
    """A call that waits for another's connection."""
    for pool in world.pools:
        pool._max_connections = 1
    number = world.next_number()

    async def other() -> None:
        assert {"n": -1} == await world.calls.get(-1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        await anyio.lowlevel.checkpoint()
        assert {"n": number} == await world.calls.get(number)


async def closed(world: World) -> None:
    """A client that is closed at the end."""
    async with world.client:
        await read(world)


async def closed_objects(world: World) -> None:
    """A call of an object that has both colours, and shared clients that are closed at the end."""
    CLIENTS._made[True] = _Made(world.client, Secret(KEY), None)
    number = world.next_number()
    try:
        assert {"n": number} == await Number().aget(number)
    finally:
        await CLIENTS.aclose()


SCENARIOS: dict[str, tuple[Scenario, dict[str, Any]]] = {
    "read": (read, {}),
    "read, over TLS": (read, {"base_url": "https://calls.test"}),
    "read, through a proxy": (read, {"proxy": "http://proxy.test:3128"}),
    "read, through a tunnel": (read, {"base_url": "https://calls.test", "proxy": "http://proxy.test:3128"}),
    "last": (last, {}),
    "repeated": (repeated, {}),
    "throttled": (throttled, {}),
    "written": (written, {}),
    "fetched": (fetched, {}),
    "settled": (settled, {}),
    "waited": (waited, {}),
    "rows": (rows, {}),
    "events": (events, {}),
    "whole": (whole, {}),
    "together": (together, {}),
    "left": (left, {}),
    "left block": (left_block, {}),
    "started": (started, {}),
    "garbled": (garbled, {}),
    "garbled events": (garbled_events, {}),
    "no events": (no_events, {}),
    "no stream": (no_stream, {}),
    "unwritable": (unwritable, {}),
    "long error": (long_error, {}),
    "refused": (refused, {"base_url": "https://calls.test"}),
    "refused, in a tunnel": (refused, {"base_url": "https://calls.test", "proxy": "http://proxy.test:3128"}),
    "probed": (probed, {}),
    "queued": (queued, {}),
    "closed": (closed, {}),
    "closed, with a proxy": (closed, {"proxy": "http://proxy.test:3128"}),
    "closed, of objects": (closed_objects, {}),
}
OPERATIONS = {"written": "calls.put", "fetched": "calls.fetch", "rows": "calls.rows", "settled": "calls.make"}
"""Those of the scenarios that do not ask with `calls.get`, or that have no retries."""
FRESH = ("last", "queued", "closed", "refused")
"""Scenarios that need a client of their own each time, by how their names begin."""


@dataclass
class Seen:
    """What came of all runs."""

    runs: int = 0
    cancelled: Counter[str] = field(default_factory=Counter)
    places: set[Place] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def missed(self) -> set[Place]:
        """The awaits of the client at which nothing was cancelled."""
        return all_places(*ELSEWHERE) - self.places

    @property
    def share(self) -> float:
        """How many of the client's awaits were cancelled."""
        return 1 - len(self.missed) / len(all_places(*ELSEWHERE))


class Runner:
    """Cancels calls on one event loop, in one way."""

    def __init__(self, kind: Kind, chance: random.Random, seen: Seen) -> None:
        self.kind = kind
        self.chance = chance
        self.seen = seen
        self.worlds: dict[str, World] = {}

    def world(self, name: str) -> World:
        """Where the scenario *name* happens: on a new connection, or on one that was kept."""
        fresh = name.startswith(FRESH) or self.chance.random() < 0.5
        if fresh or name not in self.worlds:
            self.worlds[name] = World(self.chance, **SCENARIOS[name][1])
        world = self.worlds[name]
        world.time_goes_by()
        return world

    async def all(self, until: int) -> None:
        """Cancel each scenario at each of its steps, again and again, *until* there were so many runs."""
        while True:
            for name in SCENARIOS:
                at = 1
                while await self.once(name, at) >= at:
                    if self.seen.runs == until:
                        return
                    at += 1

    async def once(self, name: str, at: int) -> int:
        """Cancel the scenario *name* at the step *at*; how many steps there were."""
        scenario = SCENARIOS[name][0]
        world = self.world(name)
        if name == "probed":
            await self.break_circuit(world)
        world.events.clear()
        world.clock.forget()
        world.clock.slept = world.network.refused = 0
        before = self.tasks()
        reached: set[Place] = set()
        asked = steps = 0

        def at_each(step: int, waiting: Any) -> None:
            nonlocal asked, steps
            steps = step
            if step == at or (step == at + 1 and self.kind == "asyncio, twice"):
                reached.update(places_of(waiting))
                asked = asked or len(world.server.asked)
                cancel()

        async def work() -> None:
            await stepping(_coroutine(scenario, world), at_each)

        problem = ""
        if self.kind in ("asyncio", "asyncio, twice"):
            task = asyncio.ensure_future(work())
            cancel: Callable[[], object] = partial(task.cancel, "enough")
            try:
                await task
            except asyncio.CancelledError as cancelled:
                if ("enough",) != cancelled.args or cancelled.__cause__ is not None:
                    problem = f"the cancellation was changed: {cancelled!r}"
            else:
                if steps >= at:
                    problem = "the cancellation was lost"
        else:
            with anyio.CancelScope() as scope:
                cancel = scope.cancel
                await work()
        if steps < at:
            return steps
        self.seen.runs += 1
        self.seen.places |= reached
        self.seen.cancelled[self.kind] += 1
        wrong = [problem] if problem else []
        if self.tasks() != before:
            wrong.append(f"{self.tasks() - before} tasks are left")
        wrong += await self.look_around(world, name, asked)
        self.seen.wrong += [f"{name}, cancelled at step {at} on {self.kind}: {one}" for one in wrong]
        return steps

    async def look_around(self, world: World, name: str, asked: int) -> list[str]:
        """What the cancelled call did not leave as it should be."""
        wrong = world.left_behind()
        if len(world.server.asked) != asked:
            wrong.append(f"asked again after the cancellation: {world.server.asked[asked:]}")
        wrong += self.counted(world, name)
        if not name.startswith("closed"):
            world.server.down = False
            await read(world)  # its own answer, not the rest of one before
            wrong += world.left_behind()
        return wrong

    def counted(self, world: World, name: str) -> list[str]:
        """What budget and breaker counted that they should not have."""
        wrong = []
        guard = world.client.core._guards.of(OPERATIONS.get(name, "calls.get"), "/")
        breaker, budget = guard.breaker, guard.budget
        assert breaker is not None
        assert budget is not None
        for window in (breaker._window, budget._lately):
            window.add(world.clock.now(), 0, 0)  # what is long ago is forgotten when something is counted
        failures = world.events.count("retry") if name == "repeated" else world.network.refused
        if name == "settled":
            failures += min(3, len(world.server.asked))
        failures += name == "garbled"  # which was read before the cancellation came
        if name == "probed":
            # Before the cancelled call, one probe was free; its success would have closed the circuit.
            if breaker.state(world.clock.now()) == "half-open" and breaker._probes != 1:
                wrong.append("the probe's place is lost")
        elif breaker._window.others > failures:
            wrong.append(f"{breaker._window.others} failures were counted, {failures} were seen")
        paid = world.clock.slept if name.startswith(("repeated", "refused", "settled")) else 0
        if budget._lately.others != paid:
            wrong.append(f"{budget._lately.others} retries were paid for, {paid} were made")
        return wrong

    async def break_circuit(self, world: World) -> None:
        """Let the circuit open, and then be ready for a probe."""
        world.server.down = True
        guard = world.client.core._guards.of("calls.get", "/")
        assert guard.breaker is not None
        while guard.breaker.state(world.clock.now()) == "closed":
            with pytest.raises(PictographError, match=r"down|circuit"):
                await world.calls.get(world.next_number())
        world.server.down = False
        world.time_goes_by()

    def tasks(self) -> int:
        """How many tasks the event loop has."""
        if self.kind == "trio":
            return trio.lowlevel.current_statistics().tasks_living
        return len(asyncio.all_tasks())


async def _coroutine(scenario: Scenario, world: World) -> None:
    await scenario(world)


def cancel_everywhere(runs: int, seed: int) -> Seen:
    """What comes of *runs* runs, a third of them in each way to cancel."""
    seen = Seen()
    with (
        proxies_forgotten(),
        mock.patch("failwell.client.transport.replies.HIGHEST_KEPT", MOST_READ),
        mock.patch("failwell.wire.json.LONGEST", LONGEST),
    ):
        for kind in KINDS:
            chance = random.Random(seed)
            until = runs * (KINDS.index(kind) + 1) // len(KINDS)
            anyio.run(Runner(kind, chance, seen).all, until, backend=kind.partition(",")[0])
            gc.collect()
    return seen


@contextmanager
def proxies_forgotten() -> Generator[None]:
    """No proxy of the machine on which this runs."""
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    with mock.patch.dict(os.environ):
        for name in names:
            del os.environ[name]
        yield


def main() -> int:
    """Cancel, and tell of it."""
    runs, seed = (*map(int, sys.argv[1:]), *(10_000, 1)[len(sys.argv) - 1 :])
    started = time.process_time()
    seen = cancel_everywhere(runs, seed)
    for file, line in sorted(seen.places):
        print(f"{file}:{line}")  # noqa: T201 - it is asked for
    spent = time.process_time() - started
    print(f"seed {seed}: {seen.runs} calls cancelled ({dict(seen.cancelled)}) in {spent:.1f} s of CPU")  # noqa: T201
    print(f"{seen.share:.1%} of the client's awaits; not reached: {sorted(seen.missed)}")  # noqa: T201
    for problem, times in Counter(seen.wrong).most_common(20):
        print(f"{times} x {problem}")  # noqa: T201
    return bool(seen.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
