from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.echo import EchoServer, echoing

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

ROOT = Path(__file__).parents[2]
START = """
import asyncio, json, os, sys, threading, time
from pictograph import AsyncClient, Client
from tests.client.probe import Probe

def in_child(work):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = work()
        except BaseException as problem:
            said = repr(problem)
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        said = json.load(pipe)
    os.waitpid(child, 0)
    return said

settings = {"base_url": sys.argv[1], "timeout": 10.0, "max_retries": 0}
"""
BLOCKING = """
probe = Probe(Client("k-e-y-1", **settings).core)
before = probe.get("/1")
child = in_child(lambda: [probe.get("/2"), probe.get("/3"), probe.keyed()])
print(json.dumps({"before": before, "child": child, "after": [probe.get("/4"), probe.keyed()]}))
"""
AWAITING = """
probe = Probe(AsyncClient("k-e-y-1", **settings).core)
async def calls(*paths):
    return [await (probe.keyed() if path == "keyed" else probe.get(path)) for path in paths]
loop = asyncio.new_event_loop()
(before,) = loop.run_until_complete(calls("/1"))
child = in_child(lambda: asyncio.run(calls("/2", "/3", "keyed")))
print(json.dumps({"before": before, "child": child, "after": loop.run_until_complete(calls("/4", "keyed"))}))
loop.run_until_complete(probe.core.aclose())
loop.close()
"""
IN_THE_MIDDLE = """
probe = Probe(Client("k-e-y-1", **settings).core)
slow = []
thread = threading.Thread(target=lambda: slow.append(probe.get("/slow")))
thread.start()
pool = probe.core._transport._client._transport._pool
while not any("ACTIVE" in one.info() for one in pool.connections):
    time.sleep(0.001)
child = in_child(lambda: [probe.get("/2"), probe.get("/go")])
thread.join(10)
print(json.dumps({"child": child, "slow": slow}))
"""
CONSTRUCTED = """
probe = Probe(Client("k-e-y-1", **settings).core)
def work():
    return Probe(Client("k-e-y-2", **settings).core).get("/2")
print(json.dumps({"child": in_child(work)}))
"""


@pytest.fixture
def server() -> Any:
    """A server that keeps its connections."""
    with echoing() as running:
        yield running


def run(program: str, server: EchoServer) -> Any:
    """What *program* prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", START + program, server.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return json.loads(done.stdout)


@pytest.mark.parametrize("program", [BLOCKING, AWAITING], ids=["blocking", "awaiting"])
def test_a_client_used_after_a_fork(program: str, server: EchoServer) -> None:
    """
    A client used in the child of a fork connects anew, and the parent's connection stays the parent's.

    An awaiting client, too, on an event loop of the child's own.
    """
    said = run(program, server)
    first, second, _ = said["child"]

    assert ["/2", "/3"] == [first["path"], second["path"]]
    assert first["port"] == second["port"] != said["before"]["port"]
    assert ("/4", said["before"]["port"]) == (said["after"][0]["path"], said["after"][0]["port"])


@pytest.mark.parametrize("program", [BLOCKING, AWAITING], ids=["blocking", "awaiting"])
def test_keys_after_a_fork(program: str, server: EchoServer) -> None:
    """
    R9. Parent and child never send the same idempotency key.
    """
    said = run(program, server)
    keys = [said["child"][2]["key"], said["after"][1]["key"]]

    assert None not in keys
    assert keys[0] != keys[1]


def test_a_fork_in_the_middle_of_a_call(server: EchoServer) -> None:
    """
    A fork while another thread waits for its reply: the child's client works, and the thread gets its own reply.
    """
    said = run(IN_THE_MIDDLE, server)

    assert ["/2", "/go"] == [one["path"] for one in said["child"]]
    assert ["/slow"] == [one["path"] for one in said["slow"]]
    assert said["slow"][0]["port"] not in {one["port"] for one in said["child"]}


def test_a_client_made_after_a_fork(server: EchoServer) -> None:
    """
    The child of a fork makes clients of its own.
    """
    assert "/2" == run(CONSTRUCTED, server)["child"]["path"]
