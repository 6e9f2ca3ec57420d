"""What is compared of servers (P6): the same request to the bare app and to the one with a contract."""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import time
from collections.abc import Callable, Generator
from typing import Any

from benchmarks.goals import Goal
from benchmarks.measuring import Call, Clock
from benchmarks.pairs import Pair
from benchmarks.profiling import Profile
from benchmarks.servers.load import Load, Request
from benchmarks.servers.worker import Worker, WorkerProfile

OFTEN = 0.2
"""A round has a fifth of the calls of other pairs, as each is a request over every connection."""
SUCCESS, FAILURE = Goal(1.10, 1.06), Goal(1.25, 1.15)
MORE_HEADER, MORE_AWAIT = "one more header in a reply, Starlette", "one more level of await, Starlette"
PARTS = {MORE_HEADER: "a header", MORE_AWAIT: "an await"}
"""The least that a contract adds: what is counted by pairs of these names."""
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

    with asyncio.Runner() as runner:
        made = apps()
        yield _pairs(
            lambda app, request: Served(runner.get_loop(), made[app], request),
            time.process_time,
            cProfile.Profile,
            threads=False,
        )


def _pairs(to: To, clock: Clock, profiler: Callable[[], Profile], *, threads: bool) -> list[Pair]:
    def pair(what: str, app: str, ours: str, request: Callable[[], Request], **said: Any) -> Pair:
        own, bare = (to(each, request()) for each in (f"{app}, {ours}", app))
        return Pair("P6", what, own, bare, often=OFTEN, clock=clock, profiler=profiler, **said)

    keyed = "a first write with a key, in"
    success = "one more header in the reply (x-request-id) and two more levels of await"
    error = "two more headers in the reply (x-request-id, vary) and two more levels of await"
    limits = "six more headers in the reply (x-request-id and five of the limits) and three more levels of await"
    first_write = "one more header in the reply (x-request-id), the answer copied into a record, the record in a store"
    replay = "three more headers in the reply (x-request-id and two that tell the replay), and reads the whole request"
    found = [
        pair("a success, Starlette", "starlette", "contract", fine, goal=SUCCESS, floor=success),
        pair("a success, FastAPI", "fastapi", "contract", fine, goal=SUCCESS, floor=success),
        pair("a raised error, Starlette", "starlette", "contract", gone, goal=FAILURE, floor=error),
        pair("a raised error, FastAPI", "fastapi", "contract", gone, goal=FAILURE, floor=error),
        pair("a 422, FastAPI", "fastapi", "contract", wrong, goal=FAILURE, floor=error),
        pair("limits in memory, Starlette", "starlette", "limits", fine, goal=Goal(1.20, 1.12), floor=limits),
        pair(f"{keyed} memory", "fastapi", "memory", first, goal=Goal(1.5, 1.3), floor=first_write),
        pair("its replay, from memory", "fastapi", "memory", again, goal=Goal(0.75, 0.65), floor=replay),
        pair(MORE_HEADER, "starlette", "one more header", fine, goal=None),
        pair(MORE_AWAIT, "starlette", "one more level", fine, goal=None),
    ]
    return [*found, pair(f"{keyed} SQLite", "fastapi", "sqlite", first, goal=None)] if threads else found
