"""One client for many threads and tasks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from failwell import Resilience
from failwell.client.transport.httpx.pool import LIMITS
from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox
from pictograph import AsyncClient, Client
from pictograph_server.vendor import VENDOR
from tests.servers.echo import EchoServer, echoing

from .colours import KEY, every_colour
from .probe import Probe

THREADS, CALLS, PATIENCE = 100, 5, 60.0


def test_a_hundred_threads_and_the_sandbox() -> None:
    """
    One client serves 100 threads: each gets the answers to its own calls, over no more connections than allowed.
    """
    clock = VirtualClock()
    together = threading.Barrier(THREADS)
    with Sandbox(VENDOR, clock=clock) as sandbox:
        client = Client(
            sandbox.keys["admin"],
            base_url=sandbox.url,
            clock=clock,
            timeout=PATIENCE,
            resilience=Resilience(budget=None),
        )

        def work(number: int) -> list[str]:
            together.wait(PATIENCE)
            made = client.datasets.create(f"of-thread-{number}")
            return [made.name, client.datasets.get(made.id).name, client.datasets.get(made.name).name]

        with client, ThreadPoolExecutor(THREADS) as threads:
            found = list(threads.map(work, range(THREADS)))
            kept = connections(client)

    assert [[f"of-thread-{number}"] * 3 for number in range(THREADS)] == found
    assert len(kept) <= (LIMITS.max_connections or 0)
    assert [] == [one.info() for one in kept if not (one.is_idle() or one.is_closed())]


@pytest.fixture
def server() -> Any:
    """A server that keeps its connections."""
    with echoing() as running:
        yield running


@every_colour
def test_few_connections_for_many_calls(server: EchoServer, colour: str) -> None:
    """
    500 calls of 100 threads or tasks at once share a few connections, each for one call at a time; none is mixed up.
    """
    most = 7
    found: list[dict[str, Any]] = []
    if colour == "blocking":
        together = threading.Barrier(THREADS)
        with Client(KEY, base_url=server.url, timeout=PATIENCE) as client, ThreadPoolExecutor(THREADS) as threads:
            pool(client)._max_connections = most
            probe = Probe(client.core)

            def work(number: int) -> None:
                together.wait(PATIENCE)
                found.extend(dict(probe.get(f"/{number}/{turn}"), wanted=f"/{number}/{turn}") for turn in range(CALLS))

            list(threads.map(work, range(THREADS)))
    else:

        async def run() -> None:
            async with AsyncClient(KEY, base_url=server.url, timeout=PATIENCE) as client:
                pool(client)._max_connections = most
                probe = Probe(client.core)

                async def work(number: int) -> None:
                    for turn in range(CALLS):
                        path = f"/{number}/{turn}"
                        found.append(dict(await probe.get(path), wanted=path))

                async with anyio.create_task_group() as tasks:
                    for number in range(THREADS):
                        tasks.start_soon(work, number)

        anyio.run(run, backend=colour)

    assert THREADS * CALLS == len(found)
    assert [] == [one for one in found if one["path"] != one["wanted"]]
    assert len({one["port"] for one in found}) <= most


def pool(client: Any) -> Any:
    """The connection pool of *client*."""
    return client.core._transport._client._transport._pool


def connections(client: Any) -> list[Any]:
    """Those that *client* keeps."""
    return list(pool(client).connections)
