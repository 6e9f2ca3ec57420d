from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from typing import Any

import anyio
import pytest

from failwell import BudgetRules, Resilience
from failwell.client.config import Http
from tests.servers.echo import echoing

from .probe import awaiting

PROGRAM = """
import asyncio
from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox, find_vendor
from pictograph import AsyncClient

clock = VirtualClock()
with Sandbox(find_vendor("pictograph"), clock=clock) as sandbox:
    client = AsyncClient(sandbox.keys["member"], base_url=sandbox.url, clock=clock)

    async def names():
        return [dataset.name for dataset in await client.datasets.list()]

    print(asyncio.run(names()), asyncio.run(names()))
"""


OTHERS = """
import anyio
from failwell.sandbox import Sandbox, find_vendor
from pictograph import AsyncClient, NetworkError

async def ask(client):
    try:
        await client.datasets.list()
        print("answered")
    except NetworkError as error:
        print(error.attempts[-1].reason)

with Sandbox(find_vendor("pictograph")) as sandbox:
    for first, second in [("asyncio", "trio"), ("trio", "asyncio"), ("asyncio", "asyncio")]:
        client = AsyncClient(sandbox.keys["member"], base_url=sandbox.url, max_retries=0)
        anyio.run(ask, client, backend=first)
        anyio.run(ask, client, backend=second)
        client = AsyncClient(sandbox.keys["member"], base_url=sandbox.url, max_retries=0)
        anyio.run(ask, client, backend=first)
        anyio.run(client.close, backend=second)
"""


def test_loops_of_two_kinds() -> None:
    """
    R1. A client that is used on asyncio and then on trio, or is closed in another loop, works in each.
    """
    ran = subprocess.run([sys.executable, "-c", OTHERS], capture_output=True, text=True, check=False, timeout=60)

    assert (0, ["answered"] * 9) == (ran.returncode, ran.stdout.splitlines())


def test_one_client_in_two_loops() -> None:
    """
    A client whose kept connection belongs to an event loop that is closed opens another one; no raw error leaves.
    """
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "['ds'] ['ds']\n") == (ran.returncode, ran.stdout)


@pytest.mark.parametrize("http", ["httpx2", "fast"])
def test_one_client_in_many_loops(http: Http) -> None:
    """
    A client that is used by one `asyncio.run` after the other connects anew in each: no try, wait or retry is lost.
    """
    events: list[str] = []
    nothing_left = Resilience(BudgetRules(floor=0, per_call=0.0))
    with echoing() as server:
        client = awaiting(
            server.url, http=http, resilience=nothing_left, on_event=lambda name, _facts: events.append(name)
        )

        async def ask(times: int = 2) -> list[Any]:
            return [(await client.get())["port"] for _ in range(times)]

        ports = [asyncio.run(ask()) for _ in range(15)]
        asyncio.run(client.core.aclose())

    assert {"call_began", "attempt_began", "attempt_ended", "call_ended"} == set(events)
    assert events.count("call_began") == events.count("attempt_began") == 30
    assert http == "fast" or 15 == len({port for pair in ports for port in pair})
    assert [] == [pair for pair in ports if pair[0] != pair[1]]


def test_one_client_in_loops_of_both_libraries() -> None:
    """
    The loops may be of asyncio and of trio by turns, and a loop in which nothing is asked leaves the others alone.
    """
    with echoing() as server:
        client = awaiting(server.url, max_retries=0)

        async def ask(times: int) -> list[Any]:
            return [(await client.get())["path"] for _ in range(times)]

        answered = [anyio.run(ask, times, backend=backend) for times in (2, 0, 1) for backend in ("asyncio", "trio")]
        anyio.run(client.core.aclose, backend="trio")

    assert [["/x"] * times for times in (2, 2, 0, 0, 1, 1)] == answered


def test_one_client_in_two_threads_with_a_loop_each() -> None:
    """
    Two loops that are under way at the same time may share a client.
    """
    with echoing() as server:
        client = awaiting(server.url, max_retries=0)

        async def ask() -> list[Any]:
            return [(await client.get())["path"] for _ in range(20)]

        async def both() -> list[list[Any]]:
            here, there = await asyncio.gather(ask(), asyncio.to_thread(partial(asyncio.run, ask())))
            await client.core.aclose()
            return [here, there]

        assert [["/x"] * 20] * 2 == asyncio.run(both())
