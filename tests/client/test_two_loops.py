from __future__ import annotations

import subprocess
import sys

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
    R1. A client that is used on asyncio and then on trio, or is closed in another loop, lets no raw error out.
    """
    ran = subprocess.run([sys.executable, "-c", OTHERS], capture_output=True, text=True, check=False, timeout=60)
    lost = "the connection belonged to a closed event loop"

    assert (0, ["answered", lost, "answered"] * 3) == (ran.returncode, ran.stdout.splitlines())


def test_one_client_in_two_loops() -> None:
    """
    A client whose kept connection belongs to an event loop that is closed opens another one; no raw error leaves.
    """
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "['ds'] ['ds']\n") == (ran.returncode, ran.stdout)
