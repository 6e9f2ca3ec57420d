"""What the tests of this folder share: a client that sees bytes, and servers to put behind the layer."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from failwell.sandbox import FaultLayer, in_thread
from tests.servers.sockets import Listener

TOKEN = "control-token"
PATIENCE = 5.0


@dataclass(frozen=True)
class Seen:
    """A reply as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    layer: FaultLayer, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Seen:
    """Ask with the standard library's client, on a connection of its own."""
    connection = http.client.HTTPConnection(layer.host, layer.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        return Seen(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def control(layer: FaultLayer, method: str, path: str, content: object = None, *, token: str | None = TOKEN) -> Seen:
    """Ask the control endpoint; *content* is sent as JSON, bytes as they are."""
    body = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
    return ask(
        layer, method, f"/_failwell/{path}", headers={} if token is None else {"X-Failwell-Token": token}, body=body
    )


class Wire:
    """A client that sees bytes, and how the connection ends."""

    def __init__(self, layer: FaultLayer) -> None:
        self.sock = socket.create_connection((layer.host, layer.port), timeout=PATIENCE)
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *found: object) -> None:
        self.sock.close()

    def send(self, text: str | bytes) -> None:
        self.sock.sendall(text.encode() if isinstance(text, str) else text)

    def get(self, path: str) -> None:
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")

    def read_until(self, mark: bytes) -> bytes:
        """All bytes up to and with *mark*, taken from what was received."""
        while mark not in self.received:
            data = self.sock.recv(65_536)
            assert data, f"The connection ended before {mark!r}, after {self.received!r}."
            self.received += data
        part, _, self.received = self.received.partition(mark)
        return part + mark

    def read_to_end(self) -> tuple[bytes, str]:
        """What else comes, and how it ends: "FIN" or "RST"."""
        try:
            while data := self.sock.recv(65_536):
                self.received += data
        except ConnectionResetError:
            return self.received, "RST"
        return self.received, "FIN"


async def echo_app(scope: Any, receive: Any, send: Any) -> None:
    """
    Tells what it was asked, streams what it is asked for.

    /status/204 answers that, /stream/3 sends three chunks, /large/100 sends 100 KiB; all else is told as JSON.
    """
    digest = hashlib.sha256()
    length = 0
    more = True
    while more:
        message = await receive()
        digest.update(message.get("body", b""))
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    _, room, *rest = scope["path"].split("/")
    headers = [(b"X-Upstream", b"yes"), (b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")]
    if room == "status":
        await send({"type": "http.response.start", "status": int(rest[0]), "headers": headers})
        await send({"type": "http.response.body"})
        return
    if room in {"stream", "large"}:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(int(rest[0])):
            body = b"part %d\n" % number if room == "stream" else bytes(1024)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})
        return
    told = {
        "method": scope["method"],
        "target": scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else ""),
        "version": scope["http_version"],
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "length": length,
        "sha256": digest.hexdigest(),
    }
    body = json.dumps(told).encode()
    headers.append((b"Content-Length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Generator[tuple[str, int]]:
    """A server that hands each connection to *serve* in a thread, then closes it; what is yielded is its address."""
    with Listener(lambda sock, _number: serve(sock)) as listener:
        yield listener.address


def read_head(sock: socket.socket) -> bytes:
    """Read up to the end of a request's head."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        assert more, f"The connection ended in the middle of a head: {data!r}"
        data += more
    return data


@contextmanager
def layer_before(address: tuple[str, int], **options: Any) -> Generator[FaultLayer]:
    """A running layer before the server at *address*."""
    layer = FaultLayer(address, control_token=TOKEN, **options)
    with in_thread(layer):
        yield layer


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as *holds*; fail when it does not."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"It did not come true within {PATIENCE:g} s."
        time.sleep(0.002)
