from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from failwell.sandbox import (
    Answer,
    DropReply,
    FaultLayer,
    FaultStep,
    Forward,
    Garbled,
    Malformed,
    Rule,
    WrongLength,
    step_from_json,
)
from failwell.sandbox.faults.samples import BOMB, MALFORMED, GarbledKind, MalformedKind
from failwell.sandbox.faults.steps import Then

from .sockets import Wire, ask, control, until

BODY = b'{"data": []}'


def arm(layer: FaultLayer, step: FaultStep) -> None:
    """Let *step* happen to the next request."""
    layer.script.arm(Rule((step,)))


def outcomes(layer: FaultLayer) -> list[str]:
    """What became of each request."""
    return [entry.outcome for entry in layer.log.entries()]


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed(layer: FaultLayer, kind: MalformedKind) -> None:
    """
    What is not HTTP arrives byte by byte as the catalogue has it, then FIN; the log names the kind.
    """
    arm(layer, Malformed(kind))

    with Wire(layer) as wire:
        wire.get("/")

        assert (MALFORMED[kind], "FIN") == wire.read_to_end()
    assert [f"sent malformed HTTP, {kind}"] == outcomes(layer)


def test_more_announced_than_sent(layer: FaultLayer) -> None:
    """
    A length that is too long leaves the client waiting on an open connection, until it goes away.
    """
    arm(layer, WrongLength(200, (), BODY, by=5))

    with Wire(layer) as wire:
        wire.get("/")

        assert wire.read_until(BODY).startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n")
        wire.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            wire.sock.recv(1)
    assert ["answered 200, announced 17 bytes of 12"] == outcomes(layer)


def test_fewer_announced_than_sent(layer: FaultLayer) -> None:
    """
    A length that is too short leaves a surplus on a connection that is kept: the next reply comes behind it.
    """
    arm(layer, WrongLength(200, (), BODY, by=-5))
    arm(layer, Answer(200, (), b"next"))

    with Wire(layer) as wire:
        wire.get("/")
        assert wire.read_until(BODY[:-5]).startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
        wire.get("/")

        assert wire.read_until(b"next").startswith(BODY[-5:] + b"HTTP/1.1 200 OK\r\n")
    assert ["answered 200, announced 7 bytes of 12", "answered 200"] == outcomes(layer)


def test_a_wrong_length_to_who_wants_to_close(layer: FaultLayer) -> None:
    """
    Who asked for the connection to end gets the wrong length and the end.
    """
    arm(layer, WrongLength(200, (), BODY, by=-5))

    with Wire(layer) as wire:
        wire.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")

        assert (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n" + BODY, "FIN") == (
            wire.read_to_end()
        )


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [("not-gzip", 200, gzip.BadGzipFile), ("cut-gzip", 200, EOFError), ("not-gzip", 503, gzip.BadGzipFile)],
)
def test_bad_gzip(layer: FaultLayer, kind: GarbledKind, status: int, error: type[Exception]) -> None:
    """
    What is announced as gzip is none, or half of it, on a connection that is kept.
    """
    arm(layer, Garbled(kind, None if status == 200 else status))

    reply = ask(layer, "GET", "/")

    assert (status, "gzip", None) == (
        reply.status,
        reply.headers["content-encoding"],
        reply.headers.get("connection"),
    )
    with pytest.raises(error):
        gzip.decompress(reply.body)
    assert [f"answered {status}, {kind}"] == outcomes(layer)


def test_gzip_bomb(layer: FaultLayer) -> None:
    """
    A small gzip bomb is some 10 KiB on the wire and 10 MiB when it is unpacked.
    """
    arm(layer, Garbled("gzip-bomb"))

    packed = ask(layer, "GET", "/").body

    assert len(packed) < 16_384
    assert len(zlib.decompress(packed, 31)) == BOMB == 10_485_760


def test_not_utf_8(layer: FaultLayer) -> None:
    """
    A body that is announced as JSON is neither JSON nor UTF-8.
    """
    arm(layer, Garbled("not-utf-8"))

    reply = ask(layer, "GET", "/")

    assert (200, "application/json") == (reply.status, reply.headers["content-type"])
    with pytest.raises(UnicodeDecodeError):
        reply.body.decode()


@pytest.mark.parametrize(
    ("status", "title"), [(None, b"502 Bad Gateway"), (504, b"504 Gateway Timeout"), (599, b"599")]
)
def test_html(layer: FaultLayer, status: int | None, title: bytes) -> None:
    """
    The page of a proxy is a 502 unless told otherwise, and names its status.
    """
    arm(layer, Garbled("html", status))

    reply = ask(layer, "GET", "/")

    assert (status or 502, "text/html", "nginx") == (
        reply.status,
        reply.headers["content-type"],
        reply.headers["server"],
    )
    assert b"<title>%s</title>" % title in reply.body
    assert [f"answered {status or 502}, html"] == outcomes(layer)


@pytest.mark.parametrize(("then", "end", "words"), [("close", "FIN", "closed"), ("reset", "RST", "reset")])
def test_closed_between_requests(layer: FaultLayer, then: Then, end: str, words: str) -> None:
    """
    The real reply is whole and says nothing of closing; right behind it the connection ends.
    """
    arm(layer, Forward(then=then))

    with Wire(layer) as wire:
        wire.get("/status/200")
        head = wire.read_until(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close" not in head.lower()
        assert end == wire.read_to_end()[1]
    assert [f"passed 200, then {words}"] == outcomes(layer)


def test_pass_keeps(layer: FaultLayer) -> None:
    """
    Unless told otherwise, a connection goes on behind a reply.
    """
    arm(layer, Forward())

    with Wire(layer) as wire:
        for _ in range(2):
            wire.get("/status/204")
            assert wire.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 204 ")
    assert ["passed 204", "passed 204"] == outcomes(layer)


FORMS: list[tuple[dict[str, Any], FaultStep, str]] = [
    ({"step": "forward", "then": "close"}, Forward(then="close"), "passed 200, then closed"),
    ({"step": "drop_reply", "reset": True}, DropReply(reset=True), "lost 200"),
    ({"step": "malformed", "kind": "status-line"}, Malformed("status-line"), "sent malformed HTTP, status-line"),
    ({"step": "garbled", "kind": "html"}, Garbled("html"), "answered 502, html"),
    ({"step": "garbled", "kind": "cut-gzip", "status": 500}, Garbled("cut-gzip", 500), "answered 500, cut-gzip"),
    (
        {"step": "wrong_length", "status": 200, "body": "{}", "by": 3},
        WrongLength(200, (), b"{}", by=3),
        "answered 200, announced 5 bytes of 2",
    ),
]


@pytest.mark.parametrize(("told", "step", "outcome"), FORMS, ids=[form[2] for form in FORMS])
def test_armed_in_json(layer: FaultLayer, told: dict[str, Any], step: FaultStep, outcome: str) -> None:
    """
    Each fault has a JSON form, is armed by it over the control endpoint, and is told by the log in words.
    """
    assert step == step_from_json(told)
    assert 201 == control(layer, "POST", "rules", {"steps": [told]}).status

    with Wire(layer) as wire:
        wire.get("/status/200")
        until(lambda: len(layer.log.entries()) == 1)

    logged = control(layer, "GET", "log").json["entries"]
    assert [(1, "GET", "/status/200", outcome)] == [
        (entry["number"], entry["method"], entry["path"], entry["outcome"]) for entry in logged
    ]
