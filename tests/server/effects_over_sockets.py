"""Did it happen? Calls over real sockets, through a proxy that cuts them, to server processes that are killed.

`make effects` makes 10,000 calls on each store and prints what their errors said beside what was done. Each attempt of
each call throws dice of its own, so that `make effects SEED=17` lets the same calls meet the same faults again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request

from failwell.client.core import Core
from failwell.contract.resilience import Resilience
from failwell.policy.settle import lost_call, settled
from failwell.sandbox import listen
from failwell.server import Idempotency, aside_effect, install
from tests.server.did_it_happen import KEYED, RAISED, Figures
from tests.server.rounds import forked, opened, servers
from tests.server.shop import ShopError

WORKERS, AT_ONCE = 8, 16
"""Processes, and calls under way: who is killed takes the other calls of its process with it."""

LEASE = 3.0
"""Seconds for which the key of a process that was killed is taken."""
TIMEOUT = 5.0
KILLED_WITHIN = 0.03
"""Seconds after a request was sent in which its process may be killed: from before its claim to after its answer."""

BEFORE = ("cut", "half a request", "refused by the gateway")
"""Faults of a request that no handler gets."""
AFTER = ("answer lost", "half an answer", "too late", "bad gateway")
"""Faults of one that was answered."""
WITHIN = (
    *("killed before", "killed after", "bug before", "bug after", "taken after", "invalid after"),
    *("invalid before", "no money before", "busy before"),
)
"""Faults of the handler: in the middle of it, before or after its side effect."""
FAULTS = (*BEFORE, *AFTER, "killed", *WITHIN)

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n"
PAGE = b"<h1>Bad Gateway</h1>"


@dataclass
class Workers:
    """The server processes: where each listens, and its id, which changes when it was killed."""

    ports: list[int]
    pids: mmap

    def kill(self, number: int) -> None:
        """Kill the process of that *number*, if it serves."""
        pid = int.from_bytes(self.pids[8 * number : 8 * number + 8], "little")
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def serving(address: str, log: Path) -> Generator[Workers]:
    """Server processes on the store at *address*, each of which is started anew when it was killed."""
    sockets = [listen("127.0.0.1", 0) for _ in range(WORKERS)]
    workers = Workers([listening.getsockname()[1] for listening in sockets], mmap(-1, 8 * WORKERS))

    def keep(number: int) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # it comes while the child is waited for
        try:
            while True:
                child = forked(lambda: serve(address, log, sockets[number]))
                workers.pids[8 * number : 8 * number + 8] = child.to_bytes(8, "little")
                os.waitpid(child, 0)
        finally:
            workers.kill(number)

    keepers = [forked(lambda number=number: keep(number)) for number in range(WORKERS)]  # type: ignore[misc]  # its default
    try:
        yield workers
    finally:
        for keeper in keepers:
            os.kill(keeper, signal.SIGTERM)
            os.waitpid(keeper, 0)
        for listening in sockets:
            listening.close()


def serve(address: str, log: Path, listening: socket.socket) -> None:
    """One process, until it is killed: it notes in *log* what it is about to do, and what it has done."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    app, dice = FastAPI(), random.Random()

    def meet(fault: str, where: str) -> None:
        what, _, place = fault.rpartition(" ")
        if place == where and what == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if place == where and what in RAISED:
            error = RAISED[what]()
            raise error

    @app.post("/orders", operation_id="orders.make", status_code=201)
    async def order(request: Request) -> dict[str, str]:
        name, fault = request.headers["x-call"], request.headers.get("x-fault", "")
        await asyncio.sleep(dice.uniform(0, KILLED_WITHIN / 4))
        meet(fault, "before")
        os.write(out, f"begins {name}\n".encode())
        await aside_effect()
        os.write(out, f"done {name}\n".encode())
        await asyncio.sleep(dice.uniform(0, KILLED_WITHIN / 4))
        meet(fault, "after")
        return {"order": name}

    async def who(request: Request) -> str:
        return "acme"

    rules = Idempotency(opened(address, LEASE), lease=LEASE, patience=LEASE / 2)
    contract = install(app, KEYED, caller=who, idempotency=rules, strict=False, declares_effects=True)
    logging.getLogger("failwell.server").disabled = True
    uvicorn.Server(uvicorn.Config(contract, lifespan="off", log_level="critical")).run([listening])


@dataclass
class Proxy:
    """Stands between the calls and the *workers*, and disturbs the *share* of attempts that its dice say."""

    workers: Workers
    seed: int
    share: float
    attempts: Counter[str] = field(default_factory=Counter[str])
    met: Counter[str] = field(default_factory=Counter[str])
    tasks: set[object] = field(default_factory=set[object])
    """A task that waits for a worker, and whose client has gone, is held by nothing else."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, and its answer back, or not."""
        task = asyncio.current_task()
        self.tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._pass_on(reader, writer)
        writer.close()
        self.tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        headers = {name.lower(): value.strip() for name, _, value in map(_split, head.split(b"\r\n")[1:])}
        body = await reader.readexactly(int(headers.get(b"content-length", 0)))
        name = headers[b"x-call"].decode()
        self.attempts[name] += 1
        dice = random.Random(f"{self.seed} {name} {self.attempts[name]}")
        fault = dice.choice(FAULTS) if dice.random() < self.share else ""
        number = dice.randrange(WORKERS)
        self.met[fault] += 1
        if fault == "cut":
            return
        if fault == "refused by the gateway":
            writer.write(BAD_GATEWAY + PAGE)
            return
        more = f"x-fault: {fault}\r\n" if fault in WITHIN else ""
        request = head.removesuffix(b"\r\n") + f"connection: close\r\n{more}\r\n".encode() + body
        answer = await self._answer(number, request, dice, fault)
        if not answer and not fault:
            self.met["beside one that was killed"] += 1
        if fault == "too late":
            await reader.read()  # until the client has gone
        elif fault == "bad gateway":
            writer.write(BAD_GATEWAY + PAGE)
        elif fault not in {"answer lost", "half a request"}:
            writer.write(answer[: len(answer) // 2] if fault == "half an answer" else answer)
            await writer.drain()

    async def _answer(self, number: int, request: bytes, dice: random.Random, fault: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.workers.ports[number])
        try:
            writer.write(request[: len(request) // 2] if fault == "half a request" else request)
            await writer.drain()
            if fault == "half a request":
                return b""
            if fault == "killed":
                asyncio.get_running_loop().call_later(dice.uniform(0, KILLED_WITHIN), self.workers.kill, number)
            return await reader.read()
        finally:
            writer.close()


def _split(line: bytes) -> tuple[bytes, bytes, bytes]:
    return line.partition(b":")


@dataclass
class Calls:
    """What the calls of one setting said, by their names, to be compared with what was done in the end."""

    found: Figures = field(default_factory=Figures)
    said: list[tuple[str, str, str]] = field(default_factory=list)

    def compare(self, log: Path) -> None:
        """Put into the figures what was said that is not true, by the *log* of all workers."""
        lines = log.read_text().splitlines() if log.exists() else []
        begun, done = (
            {line.partition(" ")[2] for line in lines if line.startswith(what)} for what in ("begins", "done")
        )
        for name, said, when in self.said:
            if (said == "none" and name in done) or (said == "done" and name not in begun):
                self.found.wrong.append(f"{name} {when}: {said}, and was {'done' if name in done else 'not begun'}")
        # Killed in between: "done" says that it had begun.
        self.found.effects["done, but only begun"] = sum(
            said == "done" and name not in done for name, said, _ in self.said
        )


async def call(core: Core, name: str, calls: Calls, *, keyed: bool) -> None:
    """Make the call *name*, and settle it where its error does not know."""
    found = calls.found
    found.calls += 1
    flow = core.call(
        "orders.make",
        "POST",
        "/orders",
        lambda reply: reply.body,
        headers=(("x-call", name),),
        payload={"n": name},
        mutating=keyed,
    )
    try:
        await core.arun(flow)
    except ShopError as error:
        found.effects[error.effect] += 1
        calls.said.append((name, error.effect, "met"))
        if error.effect != "unknown" or not keyed:
            return
        try:
            known, lost = lost_call(error)
            await core.arun(settled(lost, known.effect, 120.0))
        except ShopError as truth:
            found.settled[truth.effect] += 1
            calls.said.append((name, truth.effect, "settled"))
        else:
            found.settled["answer"] += 1
            calls.said.append((name, "done", "answered"))
    else:
        found.succeeded += 1
        calls.said.append((name, "done", "succeeded"))


async def made(
    workers: Workers, count: int, seed: int, share: float, *, keyed: bool, retries: int
) -> tuple[Calls, Proxy]:
    """Make *count* calls, many at once, through a proxy of their own."""
    proxy, calls = Proxy(workers, seed, share), Calls()
    server = await asyncio.start_server(proxy, "127.0.0.1", 0, backlog=512)
    core = Core(
        KEYED,
        base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        awaiting=True,
        timeout=TIMEOUT,
        max_retries=retries,
        resilience=Resilience(budget=None),  # each call is one of another client: they do not share a budget
    )
    names = iter([f"{seed}-{keyed}-{retries}-{number}" for number in range(count)])

    async def some() -> None:
        for name in names:
            await call(core, name, calls, keyed=keyed)

    async with server:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(some())
        await core.aclose()
    return calls, proxy


def play(store: str, address: str, settings: Sequence[tuple[bool, int, int]], seed: int, share: float) -> list[Figures]:
    """Make the calls of each of *settings* (with keys, retries, how many) on the store at *address*; print figures."""
    everything = []
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with serving(address, log) as workers:
            for keyed, retries, count in settings:
                begun = time.monotonic()
                calls, proxy = asyncio.run(made(workers, count, seed, share, keyed=keyed, retries=retries))
                calls.compare(log)
                met, attempts = proxy.met, proxy.attempts.total()
                kills = sum(number for fault, number in met.items() if fault.startswith("killed"))
                faults = sum(number for fault, number in met.items() if fault)
                print(  # noqa: T201 - what it is for
                    f"{store}, seed {seed}, {'with' if keyed else 'without'} keys, {retries} retries, faults in "
                    f"{faults / attempts:.0%} of {attempts} attempts, {kills} kill -9: {calls.found} "
                    f"({time.monotonic() - begun:.0f} s)",
                    flush=True,
                )
                everything.append(calls.found)
    return everything


def main(arguments: list[str]) -> int:
    """Make the calls that were asked for; 1 if an error said what is not true, or nobody knew after `settle`."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.effects_over_sockets", description=__doc__)
    parser.add_argument("--stores", default="sqlite,redis,postgres", help="which, or the URLs of those that run")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--calls", type=int, default=10_000, help="with keys and retries; a fifth in each other way")
    parser.add_argument("--ways", type=int, default=4, help="1: with keys and retries; 2: also without retries; ...")
    parser.add_argument("--faults", type=float, default=0.2, help="the share of attempts that meet one")
    options = parser.parse_args(arguments)
    logging.getLogger("failwell.server").setLevel(logging.ERROR)  # the stores of a test keep nothing, and say so
    ways = [(keyed, retries) for keyed in (True, False) for retries in (3, 0)][: options.ways]
    settings = [(*way, options.calls if way == (True, 3) else options.calls // 5) for way in ways]
    failed = False
    with tempfile.TemporaryDirectory() as folder, servers(options.stores.split(","), Path(folder)) as addresses:
        for store, address in addresses:
            for found in play(store, address, settings, options.seed, options.faults):
                failed = failed or bool(found.wrong or found.settled["unknown"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
