"""A server that says exactly what it is told to, byte by byte: what only real sockets do."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 3.0
"""Seconds after which everything here gives up, so that no test can hang."""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


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
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Step = bytes | Callable[[Peer], None]
"""What a request is answered with: bytes and then the end of the connection, or whatever a function does."""


@dataclass
class SocketServer:
    """Plays one step per connection; the last one again and again."""

    steps: list[Step]
    listener: socket.socket
    reading: bool = True
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            step = self.steps[min(self.connections, len(self.steps) - 1)]
            self.connections += 1
            self.start(self.answer, sock, step)

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def answer(self, sock: socket.socket, step: Step) -> None:
        sock.settimeout(PATIENCE)
        peer = Peer(sock, self.stopping)
        with sock:
            try:
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
            except (OSError, ValueError):
                return  # the client has left, which is what many tests are about

    def stop(self) -> None:
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(PATIENCE)


@contextmanager
def serving(*steps: Step, reading: bool = True) -> Generator[SocketServer]:
    """A server on a free port of 127.0.0.1. Without *reading*, steps begin before the request has arrived."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = SocketServer(list(steps), listener, reading)
    server.start(server.accept)
    try:
        yield server
    finally:
        server.stop()


def read_request(sock: socket.socket) -> Seen:
    """One whole request, with a Content-Length or chunked."""
    with sock.makefile("rb") as stream:
        method, target, _ = stream.readline().decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while (line := stream.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b"".join(read_chunks(stream.readline, stream.read))
        else:
            body = stream.read(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body)


def read_chunks(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The chunks of a body, up to the last."""
    while size := int(readline(), 16):
        yield read(size)
        readline()
    readline()


def http(status: int = 200, body: bytes = b"", *headers: str, kind: str = "application/json") -> bytes:
    """The bytes of a well-formed reply."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close", *headers]
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
