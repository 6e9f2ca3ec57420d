"""How late calls end that could not be answered in time: R6. python -m benchmarks.timeliness [RUNS]

For every phase in which a server can keep a caller waiting, and in every colour: the seconds beyond the bound (the
timeout of an attempt, the deadline of a call), at the 95th percentile and at most. The goals are 0.1 s and 0.5 s.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import anyio

from pictograph import AsyncClient, Client
from pictograph.exceptions import RateLimitError, RequestTimeoutError

BOUND = 0.15
AT_ONCE = 8
LOOK_UP = 1.0
COLOURS = ("blocking", "asyncio", "trio")
P95, WORST = 0.1, 0.5
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"


def silence(_sock: socket.socket) -> None:
    """Say nothing."""


def drip(before: bytes, drops: bytes) -> Callable[[socket.socket], None]:
    """Say *before*, and then a byte every few milliseconds."""

    def step(sock: socket.socket) -> None:
        sock.sendall(before)
        for drop in drops * 99:
            time.sleep(0.02)
            sock.sendall(bytes([drop]))

    return step


def throttle(sock: socket.socket) -> None:
    """Ask to wait for long."""
    sock.sendall(b"HTTP/1.1 429 No\r\nRetry-After: 9\r\nContent-Length: 2\r\n\r\n{}")


@contextmanager
def serving(step: Callable[[socket.socket], None], *, reading: bool = True) -> Generator[str]:
    """The address of a server that does *step* with each connection, after a request unless not *reading*."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def answer(sock: socket.socket) -> None:
        sock.settimeout(3.0)
        with sock:
            try:
                if reading:
                    sock.recv(65_536)
                step(sock)
                while sock.recv(65_536):  # until the client leaves
                    pass
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(sock,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def nobody() -> Generator[str]:
    """The name of a host with three addresses at which nobody answers."""
    hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    with ExitStack() as open_:
        port = 0
        for host in hosts:
            listener = open_.enter_context(socket.socket())
            listener.bind((host, port))
            listener.listen(0)
            port = listener.getsockname()[1]
            for _ in range(4):  # who waits here takes the places of those who come
                waiting = open_.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        time.sleep(0.1)
        with looked_up(lambda: hosts):
            yield f"name.test:{port}"


@contextmanager
def slow_names() -> Generator[str]:
    """The name of a host whose look-up takes much longer than there is time."""

    def found() -> list[str]:
        time.sleep(LOOK_UP)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with looked_up(found):
        yield "name.test"


@contextmanager
def looked_up(found: Callable[[], list[str]]) -> Generator[None]:
    """Let `name.test` lead to what is *found*."""
    system = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host not in ("name.test", b"name.test"):
            return system(host, port, *more, **named)
        flags = more[3] if len(more) > 3 else named.get("flags", 0)
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "it is a name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0))) for address in found()]

    with mock.patch.object(socket, "getaddrinfo", getaddrinfo):
        yield


@dataclass(frozen=True)
class Phase:
    """Where a server can be reached that keeps its callers waiting, and how they go there."""

    name: str
    where: Callable[[], Any]
    scheme: str = "http"
    by_proxy: bool = False
    by_deadline: bool = False


PHASES = (
    Phase("slow DNS", slow_names),
    Phase("connect, three addresses", nobody),
    Phase("TLS handshake", lambda: serving(silence, reading=False), scheme="https"),
    Phase("proxy CONNECT", lambda: serving(silence), scheme="https", by_proxy=True),
    Phase("silence", lambda: serving(silence)),
    Phase("drip of headers", lambda: serving(drip(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"))),
    Phase("drip of a body", lambda: serving(drip(HEAD, b"x"))),
    Phase("silence, by deadline", lambda: serving(silence), by_deadline=True),
    Phase("long Retry-After", lambda: serving(throttle), by_deadline=True),
)


@dataclass(frozen=True)
class Late:
    """How late the calls of one phase and colour ended, in seconds."""

    phase: str
    colour: str
    p95: float
    worst: float

    @property
    def in_time(self) -> bool:
        """Whether that is good enough."""
        return self.p95 <= P95 and self.worst <= WORST


def measured(runs: int = 200) -> Iterator[Late]:
    """Every phase in every colour."""
    for phase in PHASES:
        for colour in COLOURS:
            with phase.where() as address:
                proxy = (
                    {"HTTP_PROXY": f"http://{address}", "HTTPS_PROXY": f"http://{address}"} if phase.by_proxy else {}
                )
                with mock.patch.dict(os.environ, proxy):
                    url = f"{phase.scheme}://{'pictograph.test' if phase.by_proxy else address}"
                    settings: dict[str, Any] = {"base_url": url, "timeout": BOUND, "max_retries": 0}
                    if phase.by_deadline:
                        settings.update(timeout=9.0, deadline=BOUND, max_retries=3)
                    late = _blocking(runs, settings) if colour == "blocking" else _awaiting(runs, settings, colour)
            yield Late(phase.name, colour, statistics.quantiles(late, n=20, method="inclusive")[-1], max(late))


def _blocking(runs: int, settings: dict[str, Any]) -> list[float]:
    with Client("pk_live_x", **settings) as client, ThreadPoolExecutor(AT_ONCE) as threads:

        def one(_number: int) -> float:
            begun = time.monotonic()
            try:
                client.training.get("run_1")
            except (RequestTimeoutError, RateLimitError):
                return time.monotonic() - begun - BOUND
            raise AssertionError("The call was answered.")

        one(0)  # what is loaded with the first call is not what is measured
        return list(threads.map(one, range(runs)))


def _awaiting(runs: int, settings: dict[str, Any], colour: str) -> list[float]:
    late: list[float] = []

    async def work(client: AsyncClient, calls: int) -> None:
        while len(late) < calls:
            begun = time.monotonic()
            try:
                await client.training.get("run_1")
            except (RequestTimeoutError, RateLimitError):
                late.append(time.monotonic() - begun - BOUND)
            else:
                raise AssertionError("The call was answered.")

    async def run() -> None:
        async with AsyncClient("pk_live_x", **settings) as client:
            for tasks_at_once, calls in ((1, 1), (AT_ONCE, runs)):
                late.clear()
                async with anyio.create_task_group() as tasks:
                    for _ in range(tasks_at_once):
                        tasks.start_soon(work, client, calls)

    anyio.run(run, backend=colour)
    return late


def main() -> int:
    """Print all, and fail if a call is late."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{runs} runs each, bound {BOUND} s; seconds beyond it:")
    missed = 0
    for late in measured(runs):
        missed += not late.in_time
        verdict = "" if late.in_time else "  LATE"
        print(f"  {late.phase:26} {late.colour:9} p95 {late.p95:+.3f}  most {late.worst:+.3f}{verdict}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
