"""What nobody sends by mistake: the server answers in order, and goes on."""

from __future__ import annotations

import socket

import pytest

from .serving import ask
from .situations import CANARY, SITUATIONS
from .test_situations import FRAMEWORKS, Served, shop

__all__ = ["shop"]

UVICORN = dict.fromkeys(FRAMEWORKS, "uvicorn")
SERVERS = {**UVICORN, "aiohttp": "aiohttp", "flask": "Werkzeug", "django": "Werkzeug"}
"""Which server each framework has here."""

HOSTILE: dict[str, tuple[str, bytes, int]] = {
    "a header of 1 MB": ("X-Large: ", b"x" * 1024, 1024),
    "101 headers": ("".join(f"X-{number}: 1\r\n" for number in range(101)) + "\r\n", b"", 0),
    "JSON 200,000 deep": ("Content-Length: 200000\r\n\r\n", b"[" * 1000, 200),
    "JSON 90,000 deep": ("Content-Length: 90000\r\n\r\n", b"[" * 1000, 90),
    "a body without end": ("Transfer-Encoding: chunked\r\n\r\n", b"100\r\n" + b"x" * 256 + b"\r\n", 4000),
    "a body that says it has 1 TB": ("Content-Length: 1000000000000\r\n\r\n", b"x", 1),
    "a length of 5,000 digits": (f"Content-Length: {'9' * 5000}\r\n\r\n", b"x", 1),
    "two lengths": ("Content-Length: 9\r\nContent-Length: 5\r\n\r\n", b"x" * 9, 1),
    "no length": ("Content-Length: -1\r\n\r\n", b"x", 1),
    "an id that is none": (f"X-Request-ID: {CANARY}\r\n\r\n", b"", 0),
}
"""What stands in the head of a request, and the piece of its body that is sent so many times."""

OURS = {
    "a header of 1 MB": 431,
    "101 headers": 431,
    "JSON 200,000 deep": 422,
    "JSON 90,000 deep": 422,
    "a body without end": 413,
    "a body that says it has 1 TB": 413,
    "a length of 5,000 digits": 413,
    "two lengths": 400,
    "no length": 400,
    "an id that is none": 201,
}
"""What the contract says to it, where it is asked."""

THEIRS: dict[str, dict[str, tuple[int, str]]] = {
    "uvicorn": {
        "a header of 1 MB": (400, "h11 gives up at 64 KiB of headers; 431 would fit, and h11 has no limit of its own."),
        "a length of 5,000 digits": (400, "h11 takes lengths of 20 digits at most."),
        "two lengths": (400, "h11 refuses what may be read in two ways."),
        "no length": (400, "h11 reads digits."),
    },
    "aiohttp": {
        "a header of 1 MB": (400, "Its parser gives up at 8,190 bytes of a header."),
        "a length of 5,000 digits": (400, "Its parser takes shorter ones."),
        "two lengths": (400, "Its parser refuses what may be read in two ways."),
        "no length": (400, "Its parser reads digits."),
    },
    "Werkzeug": {
        "a header of 1 MB": (431, "http.server gives up at 64 KiB of a line."),
        "101 headers": (431, "http.server takes 100."),
        "two lengths": (201, "It takes the last, and tells nobody; it is for development."),
    },
}
"""What the server says before anybody else is asked, and why; in words of its own."""


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
                if b"\r\n\r\n" in got and (b"request_id" in got or b'"ordered"' in got):
                    break
        except OSError:
            pass
    return got


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_request(shop: Served, what: str) -> None:
    """
    S8, S9. What is too large, deep, endless or malformed is refused with one status, and costs no other caller.
    """
    head, piece, times = HOSTILE[what]
    key = shop.desk.keys.create("hostile", "member")
    got = sent(shop.port, f"POST /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n{head}", piece, times)
    status, reason = THEIRS[SERVERS[shop.framework]].get(what, (OURS[what], ""))

    assert (str(status).encode(), not reason and status >= 400) == (got.split(b" ", 2)[1], b'"request_id"' in got)
    assert CANARY.encode() not in got
    asked = SITUATIONS["a success"][0]
    assert asked.body == ask(shop.port, asked, key).body
