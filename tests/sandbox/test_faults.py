from __future__ import annotations

import http.client
import socket
import threading
import time

import pytest

from failwell.sandbox import (
    Answer,
    Close,
    Cut,
    Delay,
    Drip,
    DropReply,
    FaultLayer,
    FaultStep,
    Forward,
    Raw,
    Reset,
    Rule,
    Silence,
)
from failwell.sandbox.faults.steps import Then

from .sockets import Wire, ask, layer_before, until

BODY = b"x" * 67


def arm(layer: FaultLayer, *steps: FaultStep, times: int = 1) -> None:
    """Let *steps* happen to the next *times* requests."""
    layer.script.arm(Rule(steps, times=times))


def outcomes(layer: FaultLayer) -> list[str]:
    """What became of each request."""
    return [entry.outcome for entry in layer.log.entries()]


def test_answer(layer: FaultLayer) -> None:
    """
    An answer arrives whole, with its status, headers, body and length; the real server is not asked.
    """
    arm(layer, Answer(503, (("Retry-After", "2"), ("X-Odd", "ä")), b'{"error": "busy"}'))

    reply = ask(layer, "POST", "/x", body=b"hello")

    assert (503, {"retry-after": "2", "x-odd": "ä", "content-length": "17"}, b'{"error": "busy"}') == (
        reply.status,
        reply.headers,
        reply.body,
    )
    assert ["answered 503"] == outcomes(layer)


def test_twice_then_normal(layer: FaultLayer) -> None:
    """
    With times=2 two requests fail and the third is served.
    """
    arm(layer, Answer(500), times=2)

    assert [500, 500, 200] == [ask(layer, "GET", "/").status for _ in range(3)]
    assert () == layer.script.pending()


def test_rules_in_order(layer: FaultLayer) -> None:
    """
    Each request takes the first rule that matches, in order of arming.
    """
    layer.script.arm(Rule((Answer(500),), path="/a/*"))
    layer.script.arm(Rule((Answer(501),), method="POST"))
    layer.script.arm(Rule((Answer(502),)))

    asked = [("GET", "/b"), ("POST", "/b?c=/a/"), ("GET", "/a/1?d"), ("GET", "/a/1")]

    assert [502, 501, 500, 200] == [ask(layer, method, path).status for method, path in asked]


def test_delay_then_pass(layer: FaultLayer) -> None:
    """
    After a delay the request goes on to the next step; without one, to the real server.
    """
    arm(layer, Delay(0.05), Delay(0.05))
    begin = time.monotonic()

    reply = ask(layer, "POST", "/x", body=b"hello")

    assert (200, 5, True) == (reply.status, reply.json["length"], time.monotonic() - begin >= 0.1)
    assert ["passed 200"] == outcomes(layer)


def test_close(layer: FaultLayer) -> None:
    """
    Close ends the connection with FIN before any reply.
    """
    arm(layer, Close())

    with Wire(layer) as wire:
        wire.get("/")

        assert (b"", "FIN") == wire.read_to_end()
    assert ["closed"] == outcomes(layer)


def test_close_with_more_to_read(layer: FaultLayer) -> None:
    """
    Close is a FIN, not an RST, also when the client has sent more than one request.
    """
    arm(layer, Close())

    with Wire(layer) as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n" * 5000)

        assert (b"", "FIN") == wire.read_to_end()


def test_reset(layer: FaultLayer) -> None:
    """
    Reset is seen by the client as ECONNRESET, before any reply.
    """
    arm(layer, Reset())

    with Wire(layer) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")

        assert (b"", "RST") == wire.read_to_end()
    assert [("reset", 5)] == [(entry.outcome, entry.body_length) for entry in layer.log.entries()]


@pytest.mark.parametrize(("reset", "end"), [(False, "FIN"), (True, "RST")])
def test_lose(layer: FaultLayer, reset: bool, end: str) -> None:
    """
    Lose lets the real server do its work, body included, and ends the connection before any byte of the reply.
    """
    arm(layer, DropReply(reset=reset))

    with Wire(layer) as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")

        assert (b"", end) == wire.read_to_end()
    assert [("lost 200", 5)] == [(entry.outcome, entry.body_length) for entry in layer.log.entries()]


@pytest.mark.parametrize(("reset", "end", "verb"), [(False, "FIN", "cut"), (True, "RST", "reset")])
def test_cut(layer: FaultLayer, reset: bool, end: str, verb: str) -> None:
    """
    Cut announces the whole body, sends the start of it, and ends by FIN, or by RST if asked.
    """
    arm(layer, Cut(200, (("X-Part", "1"),), BODY, after=10, reset=reset))

    with Wire(layer) as wire:
        wire.get("/")
        head = wire.read_until(b"\r\n\r\n")

        assert b"Content-Length: 67\r\n" in head
        assert (b"x" * 10, end) == wire.read_to_end()
    assert [f"{verb} after 10 of 67 bytes"] == outcomes(layer)


def test_cut_is_a_short_body(layer: FaultLayer) -> None:
    """
    To an HTTP client a cut reply is an incomplete read, not a shorter body.
    """
    arm(layer, Cut(200, (), BODY, after=10))

    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(layer, "GET", "/")

    assert (10, 57) == (len(caught.value.partial), caught.value.expected)


def test_drip_body(layer: FaultLayer) -> None:
    """
    A drip sends the head at once and the body a few bytes at a time, with real pauses between.
    """
    arm(layer, Drip(200, (), b"abcdef", interval=0.08, chunk=2))
    begin = time.monotonic()

    with Wire(layer) as wire:
        wire.get("/")
        pieces = [wire.sock.recv(65_536)]
        while not b"".join(pieces).endswith(b"abcdef"):
            pieces.append(wire.sock.recv(65_536))

    assert pieces[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert time.monotonic() - begin >= 0.24
    assert len(pieces) >= 3  # of 4: on a busy machine two may arrive as one
    assert ["dripped 200"] == outcomes(layer)


def test_drip_headers_too(layer: FaultLayer) -> None:
    """
    With headers_too the head drips as well.
    """
    arm(layer, Drip(200, (("A", "b"),), b"abc", interval=0.02, chunk=10, headers_too=True))

    with Wire(layer) as wire:
        wire.get("/")
        pieces = [wire.sock.recv(65_536)]
        while not b"".join(pieces).endswith(b"\r\n\r\nabc"):
            pieces.append(wire.sock.recv(65_536))

    assert b"HTTP/1.1 2" == pieces[0]
    assert len(pieces) >= 3  # of 5: on a busy machine several may arrive as one
    assert b"".join(pieces) == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\nabc"


def test_silence(layer: FaultLayer) -> None:
    """
    Silence accepts the request and sends nothing until the client goes away.
    """
    arm(layer, Silence())

    with Wire(layer) as wire:
        wire.get("/")
        wire.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            wire.sock.recv(1)

    assert ["client went away"] == [entry.outcome for entry in layer.log.wait_for(1)]


@pytest.mark.parametrize("steps", [(Delay(60),), (Drip(200, (), BODY, interval=60),)])
def test_client_gives_up(layer: FaultLayer, steps: tuple[FaultStep, ...]) -> None:
    """
    A client that hangs up in a delay or a drip is noticed at once.
    """
    arm(layer, *steps)

    with Wire(layer) as wire:
        wire.get("/")
        until(lambda: not layer.script.pending())

    assert ["client went away"] == [entry.outcome for entry in layer.log.wait_for(1)]


@pytest.mark.parametrize(("then", "end"), [("close", "FIN"), ("reset", "RST")])
def test_raw(layer: FaultLayer, then: Then, end: str) -> None:
    """
    Raw sends its bytes exactly, however wrong, and ends the connection as told.
    """
    arm(layer, Raw(b"HTTP/9 what\n\n", then))

    with Wire(layer) as wire:
        wire.get("/")

        assert (b"HTTP/9 what\n\n", end) == wire.read_to_end()
    assert [f"sent 13 raw bytes, {then}"] == outcomes(layer)


def test_raw_keep(layer: FaultLayer) -> None:
    """
    With then="keep" the connection goes on to the next request.
    """
    arm(layer, Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", then="keep"))
    arm(layer, Answer(200, (), b"2"))

    with Wire(layer) as wire:
        wire.get("/")
        wire.read_until(b"\r\n\r\n1")
        wire.get("/")

        assert wire.read_until(b"\r\n\r\n2").startswith(b"HTTP/1.1 200 OK")


def test_several_on_one_connection(layer: FaultLayer) -> None:
    """
    Answers keep the connection, so scripted and served requests follow each other on it, pipelined too.
    """
    layer.script.arm(Rule((Answer(500, (), b"one"),), path="/1"))
    layer.script.arm(Rule((Answer(204),), path="/3"))

    with Wire(layer) as wire:
        for number in range(1, 5):
            wire.get(f"/{number}")
        first = wire.read_until(b"\r\n\r\none")
        second = wire.read_until(b"}")
        third = wire.read_until(b"\r\n\r\n")
        fourth = wire.read_until(b"}")

    assert [b"500", b"200", b"204", b"200"] == [part[9:12] for part in (first, second, third, fourth)]
    assert ["answered 500", "passed 200", "answered 204", "passed 200"] == outcomes(layer)


def test_head_gets_no_body(layer: FaultLayer) -> None:
    """
    The scripted answer to HEAD has the length of the body and no body.
    """
    arm(layer, Answer(200, (), BODY))
    arm(layer, Answer(404, (), b"next"))

    with Wire(layer) as wire:
        wire.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")

        assert b"Content-Length: 67\r\n" in wire.read_until(b"\r\n\r\n")
        wire.get("/")
        assert wire.read_until(b"next").startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "request_head",
    ["GET / HTTP/1.1\r\nHost: test\r\nConnection: Close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"],
)
def test_connection_close(layer: FaultLayer, request_head: str) -> None:
    """
    Who asks for the connection to end, or speaks HTTP/1.0, gets an answer that says so, and the end.
    """
    arm(layer, Answer(200, (), b"x"))

    with Wire(layer) as wire:
        wire.send(request_head)

        assert (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", "FIN") == wire.read_to_end()


def test_wrong_length_ends_the_connection(layer: FaultLayer) -> None:
    """
    A Content-Length of one's own is sent as given, and the connection ends after the body.
    """
    arm(layer, Answer(200, (("Content-Length", "9"),), b"x"))

    with Wire(layer) as wire:
        wire.get("/")

        assert (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nx", "FIN") == wire.read_to_end()


def test_expect_is_answered(layer: FaultLayer) -> None:
    """
    A client that waits for 100 Continue gets it before a scripted answer, so that its body is logged.
    """
    arm(layer, Answer(500))

    with Wire(layer) as wire:
        wire.send("PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert wire.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send("hello")

        assert wire.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 500 ")
    assert [5] == [entry.body_length for entry in layer.log.entries()]


def test_log_before_the_end(layer: FaultLayer) -> None:
    """
    Whoever has seen the end of a reply finds its entry in the log, 100 times out of 100.
    """
    steps: list[FaultStep] = [
        Answer(500, (), b"}"),
        Forward(),
        Close(),
        Cut(200, (), BODY, after=1),
        Drip(200, (), b"{}", interval=0),
    ]
    seen: list[int] = []
    for step in steps * 20:
        arm(layer, step)
        with Wire(layer) as wire:
            wire.get("/")
            while not wire.received.endswith((b"}", b"\r\n\r\nx")) and (data := wire.sock.recv(65_536)):
                wire.received += data
            seen.append(len(layer.log.entries()))

    assert list(range(1, 101)) == seen


def test_twenty_at_once(layer: FaultLayer) -> None:
    """
    Twenty connections at once each get their own answer, and each rule is used once.
    """
    for number in range(0, 20, 2):
        layer.script.arm(Rule((Delay(0.02), Answer(500, (), str(number).encode())), path=f"/{number}"))
    seen: dict[int, int] = {}

    def run(number: int) -> None:
        seen[number] = ask(layer, "GET", f"/{number}").status

    threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {number: 200 if number % 2 else 500 for number in range(20)} == seen
    assert () == layer.script.pending()


def test_stop_ends_a_silence(real_server: tuple[str, int]) -> None:
    """
    Stopping ends every connection, even a silent one, and is logged.
    """
    with layer_before(real_server) as layer:
        arm(layer, Silence())
        wire = Wire(layer)
        wire.get("/")
        until(lambda: not layer.script.pending())
        begin = time.monotonic()
    taken = time.monotonic() - begin

    with wire:
        assert b"" == wire.read_to_end()[0]
    assert taken < 1
    assert ["layer stopped"] == outcomes(layer)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((layer.host, layer.port))
