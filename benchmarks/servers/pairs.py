"""What is compared of servers (P6): the same request to the bare app and to the one with a contract."""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

from benchmarks.goals import Goal
from benchmarks.measuring import Call, Clock
from benchmarks.pairs import Pair
from benchmarks.profiling import Profile
from benchmarks.servers.load import Load, Request
from benchmarks.servers.worker import Worker, WorkerProfile

OFTEN = 0.2
"""A round has a fifth of the calls of other pairs, as each is a request over every connection."""
SUCCESS, FAILURE = Goal(1.10, 1.06), Goal(1.25, 1.15)
To = Callable[[str, Request], Call]
"""What sends a request to the app of a name."""


def fine() -> Request:
    """What is answered with a success."""
    return Request("/fine")


def gone() -> Request:
    """What is answered with an error that a handler raises."""
    return Request("/gone")


def wrong() -> Request:
    """What is answered with a 422 of FastAPI."""
    return Request("/orders", body=b'{"count":"many"}')


def first() -> Request:
    """A write, each time with another key."""
    return Request("/orders", body=b'{"item":"pear","count":3}', key="first-{number}")


def again() -> Request:
    """The same write with the same key, over each connection its own."""
    return Request("/orders", body=b'{"item":"pear","count":3}', key="again-{place}")


@contextlib.contextmanager
def pairs(worker: Worker) -> Generator[list[Pair]]:
    """What *worker* is asked, with connections that are open until the block ends."""
    opened: list[Load] = []

    def to(app: str, request: Request) -> Load:
        opened.append(Load(worker.ports[app], request))
        return opened[-1]

    try:
        yield _pairs(to, worker.cpu, lambda: WorkerProfile(worker), threads=True)
    finally:
        for load in opened:
            load.close()


@contextlib.contextmanager
def in_memory() -> Generator[list[Pair]]:
    """The same in this process, without sockets, and without those that wait for threads: for their instructions."""
    from benchmarks.servers.apps import apps
    from benchmarks.servers.in_memory import Served

    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        made = apps(Path(folder))
        yield _pairs(
            lambda app, request: Served(runner.get_loop(), made[app], request),
            time.process_time,
            cProfile.Profile,
            threads=False,
        )


def _pairs(to: To, clock: Clock, profiler: Callable[[], Profile], *, threads: bool) -> list[Pair]:
    def pair(what: str, app: str, ours: str, request: Callable[[], Request], goal: Goal | None = None) -> Pair:
        own, bare = (to(each, request()) for each in (f"{app}, {ours}", app))
        return Pair("P6", what, own, bare, goal, often=OFTEN, clock=clock, profiler=profiler)

    keyed = "a first write with a key, in"
    found = [
        pair("a success, Starlette", "starlette", "contract", fine, SUCCESS),
        pair("a success, FastAPI", "fastapi", "contract", fine, SUCCESS),
        pair("a raised error, Starlette", "starlette", "contract", gone, FAILURE),
        pair("a raised error, FastAPI", "fastapi", "contract", gone, FAILURE),
        pair("a 422, FastAPI", "fastapi", "contract", wrong, FAILURE),
        pair("limits in memory, Starlette", "starlette", "limits", fine, Goal(1.20, 1.12)),
        pair(f"{keyed} memory", "fastapi", "memory", first, Goal(1.5, 1.3)),
        pair("its replay, from memory", "fastapi", "memory", again, Goal(0.75, 0.65)),
        pair("one more header in a reply, Starlette", "starlette", "one more header", fine),
        pair("one more level of await, Starlette", "starlette", "one more level", fine),
    ]
    return [*found, pair(f"{keyed} SQLite", "fastapi", "sqlite", first)] if threads else found
