"""Servers on real sockets, of which all others are made: one plays steps, byte by byte, one answers each request.

A test that needs no socket plays a flow, or a mock transport; these are for what only sockets do.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Self

from failwell.contract.case import phrase

PATIENCE = 3.0
"""Seconds after which everything here gives up, so that no test can hang."""


class Listener:
    """Accepts on a free port of 127.0.0.1, and hands each connection to *serve* in a thread, with its number from 0."""

    def __init__(self, serve: Callable[[socket.socket, int], None]) -> None:
        self._serve = serve
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        self.port = self.address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self.stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def stop(self) -> None:
        """Accept nobody any more, and wait for those who are served."""
        self.stopping.set()
        # Closing alone does not wake a thread that waits in accept.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_how: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._talk, sock, self.connections - 1)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _talk(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(PATIENCE)
        with sock:
            self._serve(sock, number)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived, from a client at *port*."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    port: int = 0


@dataclass
class Peer:
    """One accepted connection, and what it said."""

    sock: socket.socket
    stopping: threading.Event
    seen: Seen | None = None

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float = 0.05) -> None:
        """One byte after another."""
        for byte in data:
            self.sock.sendall(bytes([byte]))
            if self.stopping.wait(pause):
                return

    def silence(self) -> None:
        """Nothing, until the server is stopped or the client leaves."""
        end = time.monotonic() + PATIENCE
        self.sock.settimeout(0.02)
        while not self.stopping.is_set() and time.monotonic() < end:
            try:
                if not self.sock.recv(65_536):
                    return
            except TimeoutError:
                pass

    def reset(self) -> None:
        """End the connection with RST."""
        reset(self.sock)


Step = bytes | Callable[[Peer], None]
"""What a request is answered with: bytes and then the end of the connection, or whatever a function does."""


class SocketServer(Listener):
    """Plays one step per connection; the last one again and again."""

    def __init__(self, steps: list[Step], *, reading: bool = True) -> None:
        self.steps = steps
        self.reading = reading
        self.seen: list[Seen] = []
        super().__init__(self._play)

    def _play(self, sock: socket.socket, number: int) -> None:
        step = self.steps[min(number, len(self.steps) - 1)]
        peer = Peer(sock, self.stopping)
        with suppress(OSError, ValueError):  # the client has left, which is what many tests are about
            if self.reading:
                peer.seen = read_request(sock)
                self.seen.append(peer.seen)
            if callable(step):
                step(peer)
            else:
                peer.say(step)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65_536):
                    pass


def serving(*steps: Step, reading: bool = True) -> SocketServer:
    """A server on a free port of 127.0.0.1. Without *reading*, steps begin before the request has arrived."""
    return SocketServer(list(steps), reading=reading)


@contextmanager
def answering(answer: Callable[[Seen], bytes]) -> Generator[Listener]:
    """A server that keeps its connections, and says to each request what *answer* gives."""

    def serve(sock: socket.socket, _number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A client that leaves early, or keeps a connection that it does not use, is none.
        with sock.makefile("rb") as stream, suppress(OSError):
            while (seen := next_request(stream)) is not None:
                body = read_body(stream, seen.headers)
                reply = answer(Seen(seen.method, seen.target, seen.headers, body, sock.getpeername()[1]))
                sock.sendall(reply)
                if b"\r\nconnection: close\r\n" in reply.lower():
                    return

    with Listener(serve) as server:
        yield server


def reset(sock: socket.socket) -> None:
    """End a connection with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read_request(sock: socket.socket) -> Seen:
    """One whole request, with a Content-Length or chunked."""
    with sock.makefile("rb") as stream:
        seen = next_request(stream)
        if seen is None:
            raise ValueError("nobody asked for anything")
        return Seen(seen.method, seen.target, seen.headers, read_body(stream, seen.headers), sock.getpeername()[1])


def next_request(stream: BinaryIO) -> Seen | None:
    """The head of the next request of a connection, whose body follows in *stream*; None where there is none."""
    line = stream.readline().decode("latin-1")
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Seen(method, target, headers)


def read_body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    """The body behind a head with *headers*."""
    if "chunked" in headers.get("transfer-encoding", ""):
        return b"".join(_chunks(stream))
    return stream.read(int(headers.get("content-length", "0")))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The chunks of a body, up to the last."""
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


def http(
    status: int = 200, body: bytes = b"", *headers: str, kind: str = "application/json", close: bool = True
) -> bytes:
    """The bytes of a well-formed reply, behind which the connection ends unless *close* is False."""
    lines = [f"HTTP/1.1 {status} {phrase(status) or 'Said'}"]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    lines += ["Connection: close", *headers] if close else headers
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
