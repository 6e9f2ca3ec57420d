from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
from errata.clock import VirtualClock
from errata.sandbox import Sandbox, find_vendor
from pictograph import AsyncClient

clock = VirtualClock()
with Sandbox(find_vendor("pictograph"), clock=clock) as sandbox:
    client = AsyncClient(sandbox.keys["member"], base_url=sandbox.url, clock=clock)

    async def names():
        return [dataset.name for dataset in await client.datasets.list()]

    print(asyncio.run(names()), asyncio.run(names()))
"""


def test_one_client_in_two_loops() -> None:
    """
    A client whose kept connection belongs to an event loop that is closed opens another one; no raw error leaves.
    """
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "['ds'] ['ds']\n") == (ran.returncode, ran.stdout)
