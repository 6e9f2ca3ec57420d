from __future__ import annotations

import contextlib
import hashlib
import socket
import struct
import threading
import tracemalloc

import pytest

from failwell.sandbox import Answer, BreakSession, Delay, DropReply, FaultLayer, Reset, Rule, listen
from failwell.sandbox.proxy.sessions import GARBAGE, FrameGate

from .sockets import PATIENCE, Wire, ask, layer_before, raw_server, read_head

MEGABYTES = 10
PART = bytes(range(256)) * 256
PARTS = MEGABYTES * 16


def outcomes(layer: FaultLayer) -> list[str]:
    """What became of each request."""
    return [entry.outcome for entry in layer.log.entries()]


def test_request_arrives_as_sent(layer: FaultLayer) -> None:
    """
    Method, target, headers and body reach the real server as they were sent.
    """
    reply = ask(
        layer, "PATCH", "/a%20b/c?d=1&e=%2F", headers={"X-One": "1", "Authorization": "Bearer k"}, body=b"hello"
    )

    told = reply.json

    assert ("PATCH", "/a%20b/c?d=1&e=%2F", 5) == (told["method"], told["target"], told["length"])
    assert [["x-one", "1"], ["authorization", "Bearer k"]] == [
        pair for pair in told["headers"] if pair[0] in ("x-one", "authorization")
    ]


def test_reply_arrives_as_sent(layer: FaultLayer) -> None:
    """
    Status, repeated headers and body of the real server reach the client as they were sent.
    """
    with Wire(layer) as wire:
        wire.get("/")
        head = wire.read_until(b"\r\n\r\n").decode().lower()

    assert head.startswith("http/1.1 200 ok\r\n")
    assert ["set-cookie: a=1", "set-cookie: b=2"] == [line for line in head.split("\r\n") if "cookie" in line]


def test_bytes_of_the_reply_are_kept() -> None:
    """
    The bytes of a reply are not touched: case of names, reason, chunks, extensions and trailers.
    """
    told = b"HTTP/1.1 299 Odd Reason\r\nx-CaSe:  a\r\nTransfer-Encoding: chunked\r\n\r\n"
    told += b"2;ext=1\r\nab\r\n0\r\nX-End: 1\r\n\r\n"

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(told)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.get("/")

        assert told == wire.read_until(b"X-End: 1\r\n\r\n")


def test_headers_of_the_request_are_kept() -> None:
    """
    The names of a request's headers keep their case and order, and HTTP/1.0 stays HTTP/1.0.
    """
    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        seen.append(read_head(sock))
        sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nold")

    head = b"GET /x HTTP/1.0\r\nHost: test\r\nx-CaSe: 1\r\nAccept: */*\r\n\r\n"
    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.send(head)

        assert (b"HTTP/1.0 200 OK\r\n\r\nold", "FIN") == wire.read_to_end()
    assert [head] == seen
    assert ["passed 200"] == outcomes(layer)


def test_large_bodies_both_ways() -> None:
    """
    10 MB up and 10 MB down pass through unharmed, with less than 2 MB of memory.
    """
    expected = hashlib.sha256(PART * PARTS).hexdigest()
    up, down = hashlib.sha256(), hashlib.sha256()
    size = len(PART) * PARTS

    def serve(sock: socket.socket) -> None:
        begun = read_head(sock).partition(b"\r\n\r\n")[2]
        up.update(begun)
        got = len(begun)
        while got < size:
            data = sock.recv(16_384)
            got += len(data)
            up.update(data)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(PARTS):
            sock.sendall(PART)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        tracemalloc.start()
        try:
            wire.send(f"PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: {size}\r\n\r\n")
            for _ in range(PARTS):
                wire.send(PART)
            wire.read_until(b"\r\n\r\n")
            down.update(wire.received)
            got = len(wire.received)
            while got < size:
                data = wire.sock.recv(16_384)
                got += len(data)
                down.update(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (expected, expected) == (up.hexdigest(), down.hexdigest())
    assert [(size, expected)] == [(entry.body_length, entry.body_sha256) for entry in layer.log.entries()]
    assert peak < 2_000_000


def test_large_body_to_a_scripted_answer(layer: FaultLayer) -> None:
    """
    The 10 MB body of a request that is not passed on is hashed, not kept.
    """
    layer.script.arm(Rule((Answer(413),)))
    with Wire(layer) as wire:
        tracemalloc.start()
        try:
            wire.send(f"PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: {len(PART) * PARTS}\r\n\r\n")
            for _ in range(PARTS):
                wire.send(PART)
            wire.read_until(b"\r\n\r\n")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert hashlib.sha256(PART * PARTS).hexdigest() == layer.log.entries()[0].body_sha256
    assert peak < 2_000_000


def test_slow_reader_slows_the_server_down() -> None:
    """
    What a client does not read waits in the server, not in the layer.
    """
    stalled = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        sock.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            for _ in range(1600):
                sock.sendall(PART)
            return
        stalled.set()

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        tracemalloc.start()
        try:
            wire.get("/")
            assert stalled.wait(PATIENCE)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak < 2_000_000


def test_parts_arrive_as_they_come() -> None:
    """
    The first part of a streamed reply reaches the client before the second is sent.
    """
    go_on = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        assert go_on.wait(PATIENCE)
        sock.sendall(b"3\r\ntwo\r\n0\r\n\r\n")

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.get("/")
        wire.read_until(b"one\r\n")
        assert () == layer.log.entries()
        go_on.set()

        assert b"3\r\ntwo\r\n0\r\n\r\n" == wire.read_until(b"0\r\n\r\n")
        assert ["passed 200"] == outcomes(layer)


def test_chunked_both_ways(layer: FaultLayer) -> None:
    """
    A chunked body goes up and a chunked reply comes down on one connection.
    """
    with Wire(layer) as wire:
        wire.send("POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in ("3\r\nhel\r\n", "2\r\nlo\r\n", "0\r\n\r\n"):
            wire.send(part)
        told = wire.read_until(b"}")
        wire.get("/stream/3")
        streamed = wire.read_until(b"0\r\n\r\n")

    assert b'"length": 5, "sha256": "2cf24dba' in told
    assert b'["transfer-encoding", "chunked"]' in told
    assert streamed.endswith(b"\r\n\r\n7\r\npart 0\n\r\n7\r\npart 1\n\r\n7\r\npart 2\n\r\n0\r\n\r\n")


def test_replies_without_body(layer: FaultLayer) -> None:
    """
    After HEAD, 204 and 304 the connection goes on with the next request.
    """
    with Wire(layer) as wire:
        wire.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        replies = [wire.read_until(b"\r\n\r\n")]
        for path in ("/status/204", "/status/304", "/"):
            wire.get(path)
            replies.append(wire.read_until(b"\r\n\r\n"))

    assert [b"200", b"204", b"304", b"200"] == [reply[9:12] for reply in replies]
    assert 0 < int(replies[0].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def test_expect_continue(layer: FaultLayer) -> None:
    """
    Expect: 100-continue is the real server's to answer; its 100 comes back before the body goes up.
    """
    with Wire(layer) as wire:
        wire.send("PUT /x HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert wire.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        wire.send("hello")

        assert b'"length": 5' in wire.read_until(b"}")
    assert ["passed 200"] == outcomes(layer)


def test_early_refusal() -> None:
    """
    A server that answers before it has read the body is heard, and the connection ends after its reply.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        # Closing with bytes unread would reset the connection, and the layer would see only that.
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):
            pass

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.send("PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
        wire.send(b"x" * 500_000)

        assert (b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", "FIN") == wire.read_to_end()
    assert ["passed 413"] == outcomes(layer)


def test_connection_close(layer: FaultLayer) -> None:
    """
    Connection: close reaches the server, and its reply ends the connection.
    """
    with Wire(layer) as wire:
        wire.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        seen, end = wire.read_to_end()

    assert b'["connection", "close"]' in seen
    assert "FIN" == end


def test_server_down() -> None:
    """
    When nothing listens behind the layer, the client gets a 502 that says so.
    """
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with layer_before(("127.0.0.1", port)) as layer:
        reply = ask(layer, "POST", "/x", body=b"hello")

        assert 502 == reply.status
        assert (
            f"upstream refused. Nothing answers at 127.0.0.1:{port}: "
            "start the server behind the sandbox, or look why it stopped."
        ) == reply.json["error"]
        assert ["upstream refused"] == outcomes(layer)


def test_server_closes_before_replying() -> None:
    """
    When the server closes the connection instead of replying, the client gets a 502 that says so.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)

    with raw_server(serve) as address, layer_before(address) as layer:
        reply = ask(layer, "GET", "/")

        assert 502 == reply.status
        assert ["upstream closed the connection after 0 bytes"] == outcomes(layer)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
@pytest.mark.parametrize("end", ["FIN", "RST"])
def test_server_dies_in_a_reply(reply: bytes, end: str) -> None:
    """
    A reply that the server does not finish breaks off for the client too, in the same way.
    """
    relayed = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(reply)
        # A reset overtakes bytes that are still on their way.
        assert relayed.wait(PATIENCE)
        if end == "RST":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.get("/")
        assert reply == wire.read_until(reply)
        relayed.set()

        assert (b"", end) == wire.read_to_end()
        verb = "closed" if end == "FIN" else "reset"
        assert [f"upstream {verb} the connection after {len(reply)} bytes"] == outcomes(layer)


def test_server_sends_nonsense() -> None:
    """
    A reply that is not HTTP becomes a 502.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"SSH-2.0-what\r\n\r\n")

    with raw_server(serve) as address, layer_before(address) as layer:
        assert 502 == ask(layer, "GET", "/").status
        assert ["upstream sent malformed HTTP after 0 bytes"] == outcomes(layer)


def test_client_leaves_in_its_request(layer: FaultLayer) -> None:
    """
    A client that goes away in the middle of its body is logged with what it had sent; the layer goes on.
    """
    with Wire(layer) as wire:
        wire.send("PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhello")

    assert [("client went away", 5)] == [(entry.outcome, entry.body_length) for entry in layer.log.wait_for(1)]
    assert 200 == ask(layer, "GET", "/").status


@pytest.mark.parametrize("scripted", [True, False])
def test_client_resets_in_its_request(layer: FaultLayer, scripted: bool) -> None:
    """
    A client that resets in the middle of its body is logged; the layer goes on.
    """
    if scripted:
        layer.script.arm(Rule((Reset(),)))
    with Wire(layer) as wire:
        wire.send("PUT /x HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhello")
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert ["client went away"] == [entry.outcome for entry in layer.log.wait_for(1)]
    assert 200 == ask(layer, "GET", "/").status


def test_client_leaves_in_a_reply() -> None:
    """
    When the client goes away in the middle of a reply, the server sees its connection end.
    """
    noticed = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n0123456789")
        with contextlib.suppress(ConnectionError):
            assert b"" == sock.recv(1)
        noticed.set()

    with raw_server(serve) as address, layer_before(address) as layer:
        with Wire(layer) as wire:
            wire.get("/")
            wire.read_until(b"0123456789")

        assert ["client went away"] == [entry.outcome for entry in layer.log.wait_for(1)]
        assert noticed.wait(PATIENCE)


@pytest.mark.parametrize(
    ("nonsense", "status"),
    [
        (b"what is this\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"\x80\x2e\x01\x00\x02 an SSL 2 client\r\n\r\n", 400),
    ],
)
def test_malformed_request(layer: FaultLayer, nonsense: bytes, status: int) -> None:
    """
    What is not HTTP gets a 4XX or 501 that says why, and the end of the connection; the layer goes on.
    """
    with Wire(layer) as wire:
        wire.send(nonsense)
        seen, end = wire.read_to_end()

    assert (f"HTTP/1.1 {status} ".encode(), True, "FIN") == (seen[:13], b'{"error": "The request is not' in seen, end)
    assert [f"malformed request, answered {status}"] == outcomes(layer)
    assert 200 == ask(layer, "GET", "/").status


@pytest.mark.parametrize("scripted", [True, False])
def test_malformed_body(layer: FaultLayer, scripted: bool) -> None:
    """
    A body that breaks its framing gets a 400, whether the request is scripted or passed on.
    """
    if scripted:
        layer.script.arm(Rule((Answer(500),)))
    with Wire(layer) as wire:
        wire.send("POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n")
        seen, end = wire.read_to_end()

    assert (b"HTTP/1.1 400 ", "FIN") == (seen[:13], end)
    assert [("/x", "malformed request, answered 400")] == [(entry.path, entry.outcome) for entry in layer.log.entries()]


def test_malformed_body_in_a_reply() -> None:
    """
    When the body goes wrong while the reply is already on its way, the connection is reset.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 67\r\n\r\n0123456789")
        with contextlib.suppress(ConnectionError):
            sock.recv(1)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.send("POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        wire.read_until(b"0123456789")
        wire.send("zzz\r\n")

        assert (b"", "RST") == wire.read_to_end()
        assert ["malformed request, reset"] == outcomes(layer)


def test_websocket() -> None:
    """
    After 101 the bytes of both sides are relayed as they are, until both have closed.
    """

    def serve(sock: socket.socket) -> None:
        assert b"Upgrade: websocket\r\n" in read_head(sock)
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
        while data := sock.recv(65_536):
            sock.sendall(data.upper())
        sock.sendall(b"bye")

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst")
        assert b" 101 " in wire.read_until(b"\r\n\r\n")
        wire.read_until(b"hello")
        wire.read_until(b"FIRST")
        assert ["passed 101"] == outcomes(layer)
        wire.send(b"\x81\x05frame\x00")
        wire.read_until(b"\x81\x05FRAME\x00")
        wire.sock.shutdown(socket.SHUT_WR)

        assert (b"bye", "FIN") == wire.read_to_end()


def test_websocket_reset() -> None:
    """
    A server that resets an upgraded connection is seen to reset it.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert b"x" == sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        wire.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        wire.read_until(b"\r\n\r\n")
        wire.send("x")

        assert (b"", "RST") == wire.read_to_end()


HELLO, LONG, EMPTY = b"\x81\x05hello", b"\x82\x7e\x01\x00" + b"x" * 256, b"\x89\x00"
HUGE = b"\x82\x7f" + (70_000).to_bytes(8, "big") + b"y" * 70_000
SAID = HELLO + LONG + EMPTY + HUGE + HELLO


@pytest.mark.parametrize("size", [1, 2, 7, 4096, len(SAID)])
@pytest.mark.parametrize(
    ("frames", "into", "passed"),
    [
        (0, 0, b""),
        (0, 1, HELLO[:1]),
        (1, 0, HELLO),
        (1, 4, HELLO + LONG[:4]),
        (2, 0, HELLO + LONG),
        (3, 9, HELLO + LONG + EMPTY + HUGE[:9]),
        (4, 0, HELLO + LONG + EMPTY + HUGE),
        (9, 0, SAID),
    ],
)
def test_frames_pass(frames: int, into: int, passed: bytes, size: int) -> None:
    """
    So many frames pass, and so many bytes of what follows, in whatever pieces they come.
    """
    gate = FrameGate(frames, into)
    pieces = [gate.take(SAID[at : at + size]) for at in range(0, len(SAID), size)]

    assert passed == b"".join(pieces)
    assert (frames < 9) == gate.shut


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    ("step", "seen", "told"),
    [
        (BreakSession(), (b"", "FIN"), "0 frames: close"),
        (BreakSession(1), (HELLO, "FIN"), "1 frame: close"),
        (BreakSession(1, then="reset"), (HELLO, "RST"), "1 frame: reset"),
        (BreakSession(2, into=1), (HELLO + LONG + EMPTY[:1], "FIN"), "2 frames and 1 byte: close"),
        (BreakSession(1, code=4404), (HELLO + b"\x88\x02\x11\x34", "FIN"), "1 frame: code 4404, close"),
        (BreakSession(1, then="garbage"), (HELLO + GARBAGE, "FIN"), "1 frame: garbage"),
        (BreakSession(99), (SAID, "FIN"), "99 frames: close"),
    ],
)
def test_websocket_broken(step: BreakSession, seen: tuple[bytes, str], told: str, early: bool) -> None:
    """
    A session breaks where the step says, also in what the server said together with its 101; if it ends before, so.
    """
    heard = list[bytes]()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        sock.sendall(switching + (SAID if early else b""))
        with contextlib.suppress(ConnectionError):
            heard.append(sock.recv(5))
            sock.sendall(b"" if early else SAID)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        layer.script.arm(Rule((step,)))
        wire.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst")
        wire.read_until(b"\r\n\r\n")

        data, end = wire.read_to_end()
        assert seen[1] == end
        # What was on its way may be lost with a reset.
        assert seen[0] == data or (end == "RST" and seen[0].startswith(data))
        assert [f"passed 101, broken after {told}"] == outcomes(layer)


@pytest.mark.parametrize(("reset", "end"), [(False, "FIN"), (True, "RST")])
def test_websocket_lost(reset: bool, end: str) -> None:
    """
    Where the reply is lost that opens a session, the connection ends, and nothing of the session is heard.
    """

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + SAID)
        with contextlib.suppress(ConnectionError):
            sock.recv(1)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        layer.script.arm(Rule((DropReply(reset=reset),)))
        wire.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")

        assert (b"", end) == wire.read_to_end()
        assert ["lost 101"] == outcomes(layer)


def test_websocket_silent() -> None:
    """
    A session that is silent stays open, and the server still hears what the client says.
    """
    heard = list[bytes]()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + SAID)
        heard.append(sock.recv(5))
        sock.sendall(HELLO)

    with raw_server(serve) as address, layer_before(address) as layer, Wire(layer) as wire:
        layer.script.arm(Rule((BreakSession(1, then="silence"),)))
        wire.send("GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        wire.read_until(HELLO)
        wire.send(b"still")
        wire.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            wire.sock.recv(1)

    assert [b"still"] == heard


def test_websocket_refused(layer: FaultLayer) -> None:
    """
    A refused upgrade is an ordinary reply, scripted or not, and the connection goes on.
    """
    layer.script.arm(Rule((Delay(0), Answer(403, (), b"no"))))
    upgrade = "GET /x HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    with Wire(layer) as wire:
        wire.send(upgrade)
        assert wire.read_until(b"\r\n\r\nno").startswith(b"HTTP/1.1 403 ")
        wire.get("/")

        assert wire.read_until(b"}").startswith(b"HTTP/1.1 200 ")
