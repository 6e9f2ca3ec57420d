"""What nobody sends by mistake: the server answers in order, and goes on."""

from __future__ import annotations

import socket

import pytest

from .serving import ask
from .situations import CANARY, SITUATIONS
from .test_situations import Served, shop

__all__ = ["shop"]

KEY = "pk_live_" + "a" * 43


def sent(port: int, head: str, piece: bytes, times: int) -> bytes:
    """What the server says to *head* and *piece*, which is sent so many *times* or until it does not listen."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(head.encode())
            for _ in range(times):
                line.sendall(piece)
        except OSError:
            pass  # it has answered, and closed
        try:
            while len(got) < 100_000 and (more := line.recv(65536)):
                got += more
                if b"\r\n\r\n" in got and b"request_id" in got:
                    break
        except OSError:
            pass
    return got


@pytest.mark.parametrize(
    ("head", "piece", "times", "statuses"),
    [
        ("X-Large: ", b"x" * 1024, 1024, {b"400", b"431", b""}),
        ("Content-Length: 200000\r\n\r\n", b"[" * 1000, 200, {b"422"}),
        ("Transfer-Encoding: chunked\r\n\r\n", b"100\r\n" + b"x" * 256 + b"\r\n", 4000, {b"411", b"413", b""}),
        ("Content-Length: 9\r\nContent-Length: 5\r\n\r\n", b"x" * 9, 1, {b"400", b"411", b"201"}),
        ("Content-Length: -1\r\n\r\n", b"x", 1, {b"400", b"401", b"411", b"413", b""}),
        (f"X-Request-ID: {CANARY}\r\n\r\n", b"", 0, {b"201"}),
    ],
    ids=[
        "a header of 1 MB",
        "JSON 200,000 deep",
        "a body without end",
        "two lengths",
        "no length",
        "an id that is none",
    ],
)
def test_hostile_request(shop: Served, head: str, piece: bytes, times: int, statuses: set[bytes]) -> None:
    """
    S8, S9. What is too large, deep, endless or malformed is refused or cut off, is no 500, and costs no other caller.

    Of two lengths Werkzeug's own server takes the first, and tells nobody.
    """
    key = shop.desk.keys.create("hostile", "member")
    got = sent(shop.port, f"POST /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n{head}", piece, times)

    assert got.split(b" ", 2)[1:2] in [[status] if status else [] for status in statuses]
    assert CANARY.encode() not in got
    asked = SITUATIONS["a success"][0]
    assert asked.body == ask(shop.port, asked, key).body
