"""Processes that do the same work under the same keys, in one store, while some of them are killed.

`make rounds` lets 8 of them make 1,000 calls each on 50 keys, and plays 200 rounds of kills, on each store: whatever
happens, all of the work is done once. `make round SEED=17` plays the round of that seed again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from fastapi import FastAPI, Request

from failwell.server import Idempotency, PostgresStore, RedisStore, SqliteStore, Store, install, side_effect
from tests.postgres import running_postgres
from tests.server.shop import SHOP
from tests.server.stores import running_redis

AT_ONCE = 4
"""Calls that a process has under way at the same time."""


@dataclass(frozen=True)
class Plan:
    """What the processes of a round do, and how many of them are killed."""

    processes: int
    calls: int
    keys: int
    lease: float
    kills: int = 0
    patience: float = 60.0
    """Seconds after which a call that has no answer is one that will never have any."""


KILLS = Plan(processes=4, calls=80, keys=60, lease=1.5, kills=3)


@dataclass
class Found:
    """What became of a round."""

    calls: int = 0
    refused: Counter[int] = field(default_factory=Counter[int])
    runs: int = 0
    killed: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        refused = "".join(f", {count} answers of {status}" for status, count in sorted(self.refused.items()))
        wrong = f"; {len(self.problems)} problems" if self.problems else ""
        return (
            f"{self.calls} calls answered in {self.seconds:.1f} s, {self.runs} runs, {self.killed} killed"
            f"{refused}{wrong}"
        )

    def add(self, other: Found) -> None:
        """Count what *other* counts, too; its problems stay its own."""
        self.calls += other.calls
        self.refused += other.refused
        self.runs += other.runs
        self.killed += other.killed
        self.seconds += other.seconds


def opened(address: str, lease: float) -> Store:
    """The store at *address*, a path or a URL."""
    if address.startswith("redis:"):
        return RedisStore(address, prefix=f"failwell-{lease}", busy=lease / 3)
    if address.startswith("postgresql:"):
        return PostgresStore(address, busy=lease / 3)
    return SqliteStore(address, busy=lease / 3)


def play(address: str, plan: Plan, seed: int, folder: Path) -> Found:
    """Let the processes of *plan* work on the store at *address*, with keys of this round's own."""
    dice, begun = random.Random(seed), time.monotonic()
    name = f"{seed}-{secrets.token_hex(4)}"
    path = folder / name
    found = Found()
    killed: set[int] = set()

    def start(keys: Sequence[int] = ()) -> int:
        theirs = random.Random(dice.randrange(1 << 32))
        mine = keys or [theirs.randrange(plan.keys) for _ in range(plan.calls)]
        return forked(lambda: asyncio.run(work(address, plan, [f"{name}-{key}" for key in mine], theirs, path)))

    running = [start() for _ in range(plan.processes)]
    for _ in range(plan.kills):
        time.sleep(dice.uniform(0.05, 0.4))
        victim = running.pop(dice.randrange(len(running)))
        os.kill(victim, signal.SIGKILL)
        killed.add(victim)
        running.append(start())
    ended = {pid: os.waitpid(pid, 0)[1] for pid in [*killed, *running]}
    # What a dead owner left and nobody asked for again must be answered, too.
    last = start(range(plan.keys))
    ended[last] = os.waitpid(last, 0)[1]
    found.problems += [
        f"process {pid} ended with {os.waitstatus_to_exitcode(status)}"
        for pid, status in ended.items()
        if status and pid not in killed
    ]
    examine(path.read_text().splitlines(), killed, plan, found)
    found.seconds = time.monotonic() - begun
    path.unlink()
    return found


def examine(lines: Iterable[str], killed: set[int], plan: Plan, found: Found) -> None:
    """Put into *found* what the *lines* tell that the processes have written."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    survived: Counter[str] = Counter()
    for what, key, pid, more in map(str.split, lines):
        match what:
            case "ran":
                found.runs += 1
                survived[key] += int(pid) not in killed
            case "answered":
                found.calls += 1
                answers[key].add(more)
            case "refused":
                found.refused[int(more)] += 1
            case _:
                found.problems.append(f"{key}: {more} after {plan.patience:g} s")
    found.killed = len(killed)
    found.problems += [f"{key}: {len(seen)} different answers" for key, seen in answers.items() if len(seen) > 1]
    # Another run is for him who died before his answer was kept, and for nobody else.
    found.problems += [f"{key}: {runs} runs of owners that lived" for key, runs in survived.items() if runs > 1]
    if not killed and found.runs != plan.keys:
        found.problems.append(f"{found.runs} runs for {plan.keys} keys, and nobody was killed")


async def work(address: str, plan: Plan, keys: Sequence[str], dice: random.Random, path: Path) -> None:
    """One process: it serves the app and calls it with each of *keys*, until each call has been answered."""
    pid, left = os.getpid(), iter(keys)
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what: str, key: str, more: str) -> None:
        os.write(out, f"{what} {key} {pid} {more}\n".encode())

    app = FastAPI()

    @app.put("/orders", status_code=201)
    async def order(request: Request) -> dict[str, str]:
        side_effect()
        await asyncio.sleep(dice.uniform(0, 0.03))
        note("ran", request.headers["idempotency-key"], "-")
        return {"run": secrets.token_hex(8)}

    async def who(request: Request) -> str:
        return "acme"

    rules = Idempotency(opened(address, plan.lease), lease=plan.lease, patience=min(3.0, plan.lease / 2))
    contract = install(app, SHOP, caller=who, idempotency=rules)
    transport = httpx2.ASGITransport(app=contract)

    async def call(client: httpx2.AsyncClient, key: str) -> None:
        given_up = time.monotonic() + plan.patience
        while True:
            reply = await client.put("/orders", headers={"Idempotency-Key": key})
            if reply.status_code == 201:
                note("answered", key, reply.json()["run"])
                return
            note("refused", key, str(reply.status_code))
            if time.monotonic() > given_up:
                note("never", key, str(reply.status_code))
                return
            await asyncio.sleep(dice.uniform(0.02, 0.1))

    async def calls(client: httpx2.AsyncClient) -> None:
        for key in left:
            await call(client, key)

    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(calls(client))


def forked(run: Callable[[], object]) -> int:
    """The id of a new process that does *run*."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    return pid


@contextmanager
def servers(stores: Iterable[str], folder: Path) -> Generator[Iterator[tuple[str, str]]]:
    """Each of *stores* with its address, a path or a URL; what is no address yet is started."""
    with ExitStack() as ending:

        def address(store: str) -> str:
            if store == "redis":
                return ending.enter_context(running_redis(folder, "--appendonly", "no"))
            if store == "postgres":
                return ending.enter_context(running_postgres()).url
            return str(folder / "store.db") if store == "sqlite" else store

        yield ((store.partition(":")[0], address(store)) for store in stores)


def main(arguments: list[str]) -> int:
    """Play what was asked for; how many rounds went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.rounds", description=__doc__)
    parser.add_argument("--stores", default="sqlite,redis,postgres", help="which, or the URLs of those that run")
    parser.add_argument("--seed", type=int, help="play one round, that of this seed")
    parser.add_argument("--rounds", type=int, default=200, help="rounds in which processes are killed")
    parser.add_argument("--crowd", help="processes x calls x keys, without kills: 8x1000x50 where no seed is given")
    options = parser.parse_args(arguments)
    logging.getLogger("failwell.server").setLevel(logging.ERROR)  # the servers of a test keep nothing, and say so
    first = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    seeds = range(first, first + (options.rounds if options.seed is None else 1))
    crowd = options.crowd or ("8x1000x50" if options.seed is None else "0x0x0")
    processes, calls, keys = map(int, crowd.split("x"))
    failed = 0
    with tempfile.TemporaryDirectory() as path, servers(options.stores.split(","), Path(path)) as addresses:
        for store, address in addresses:
            if processes:
                plan = Plan(processes=processes, calls=calls, keys=keys, lease=60)
                found = play(address, plan, first, Path(path))
                told(f"{store}: {processes} processes on {keys} keys", found)
                failed += bool(found.problems)
            total = Found()
            for seed in seeds:
                found = play(address, KILLS, seed, Path(path))
                told(f"{store} seed {seed}", found)
                failed += bool(found.problems)
                total.add(found)
            told(f"{store}: {len(seeds)} rounds", total)
    return failed


def told(what: str, found: Found) -> None:
    """Print what was *found*."""
    print(f"{what}: {found}", *found.problems, sep="\n  ", flush=True)  # noqa: T201 - it is asked for


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
