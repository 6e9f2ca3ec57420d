"""A light load: the same request over connections that stay open, all of them asked before the first is read."""

from __future__ import annotations

import itertools
import re
import socket

CONNECTIONS = 8
"""So many that a server which is ready for one finds others waiting, as it does under load."""
PATIENCE = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Request:
    """A request as it is sent, with *body* if it has one.

    *key* is its idempotency key; with `{number}` in it, it is another each time.
    """

    def __init__(self, path: str, *, body: bytes = b"", key: str = "") -> None:
        method, sized = "GET", ""
        if body:
            method, sized = "POST", f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._head = f"{method} {path} HTTP/1.1\r\nhost: bench\r\naccept: */*\r\nuser-agent: bench\r\n{sized}"
        self._body = body
        self._key = key
        self._number = itertools.count()

    def __call__(self, place: int = 0) -> bytes:
        """Its bytes, over the connection at *place*."""
        key = self._key.format(place=place, number=next(self._number))
        keyed = f"idempotency-key: {key}\r\n" if key else ""
        return f"{self._head}{keyed}\r\n".encode() + self._body


class Load:
    """A *request* to *port*, sent once over each connection when this is called: the statuses of the answers."""

    def __init__(self, port: int, request: Request) -> None:
        self._request = request
        self._port = port
        self._connections: list[socket.socket] = []

    def __call__(self) -> list[int]:
        """Send the request over each connection."""
        while len(self._connections) < CONNECTIONS:
            self._connections.append(socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE))
        for place, connection in enumerate(self._connections):
            connection.sendall(self._request(place))
        return [_status(connection) for connection in self._connections]

    def close(self) -> None:
        """Close the connections."""
        while self._connections:
            self._connections.pop().close()


def _status(connection: socket.socket) -> int:
    """The status of the answer that comes next, which is read to its end."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    length = _LENGTH.search(received, 0, end + 2)
    assert length is not None, received
    left = end + 4 + int(length[1]) - len(received)
    while left > 0:
        left -= len(_more(connection))
    return int(received[9:12])


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    assert piece, "the server closed the connection"
    return piece
