"""What is compared of servers (P6): the same request to the bare app and to the one with a contract."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from benchmarks.goals import Goal
from benchmarks.pairs import Pair
from benchmarks.servers.load import Load
from benchmarks.servers.worker import Worker, WorkerProfile

OFTEN = 0.2
"""A round has a fifth of the calls of other pairs, as each is a request over every connection."""
ORDER = b'{"item":"pear","count":3}'
SUCCESS, FAILURE = Goal(1.10, 1.06), Goal(1.25, 1.15)


@contextlib.contextmanager
def pairs(worker: Worker) -> Generator[list[Pair]]:
    """What *worker* is asked, with connections that are open until the block ends."""
    opened: list[Load] = []

    def to(app: str, method: str, path: str, *, body: bytes = b"", key: str = "") -> Load:
        opened.append(Load(worker.ports[app], method, path, body=body, key=key))
        return opened[-1]

    def pair(what: str, app: str, ours: str, goal: Goal | None, path: str, *, body: bytes = b"", key: str = "") -> Pair:
        method = "POST" if body else "GET"
        own, bare = (to(each, method, path, body=body, key=key) for each in (f"{app}, {ours}", app))
        return Pair("P6", what, own, bare, goal, often=OFTEN, clock=worker.cpu, profiler=lambda: WorkerProfile(worker))

    first, again = "first-{number}", "again-{place}"
    keyed = "a first write with a key, in"
    try:
        yield [
            pair("a success, Starlette", "starlette", "contract", SUCCESS, "/fine"),
            pair("a success, FastAPI", "fastapi", "contract", SUCCESS, "/fine"),
            pair("a raised error, Starlette", "starlette", "contract", FAILURE, "/gone"),
            pair("a raised error, FastAPI", "fastapi", "contract", FAILURE, "/gone"),
            pair("a 422, FastAPI", "fastapi", "contract", FAILURE, "/orders", body=b'{"count":"many"}'),
            pair("limits in memory, Starlette", "starlette", "limits", Goal(1.20, 1.12), "/fine"),
            pair(f"{keyed} memory", "fastapi", "memory", Goal(1.5, 1.3), "/orders", body=ORDER, key=first),
            pair(f"{keyed} SQLite", "fastapi", "sqlite", None, "/orders", body=ORDER, key=first),
            pair("its replay, from memory", "fastapi", "memory", Goal(0.75, 0.65), "/orders", body=ORDER, key=again),
        ]
    finally:
        for load in opened:
            load.close()
