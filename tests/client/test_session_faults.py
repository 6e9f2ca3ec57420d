from __future__ import annotations

import asyncio
import base64
import hashlib
import pickle
import signal
import ssl
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import anyio
import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.policy import SessionRules
from failwell.sandbox.proxy.certificates import Certificates
from tests.servers.sockets import Peer, SocketServer, Step, http, serving
from tests.stopwatch import Stopwatch

from .colours import every_colour, run_in
from .leaks import everything as shown, leaked
from .talks import (
    KEY,
    MIB,
    PATIENCE,
    ChatError,
    Chats,
    DisconnectedError,
    OddError,
    SetupError,
    Talks,
    core,
    everything,
    talking,
    to_the_end,
    used,
)

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
awaiting_colours = pytest.mark.parametrize("colour", ["asyncio", "trio"])


@pytest.fixture(scope="module")
def running() -> Generator[Talks]:
    """The server of this file."""
    with talking() as talks:
        yield talks


@pytest.fixture
def server(running: Talks) -> Talks:
    """The server, as if nobody had ever come."""
    running.forget()
    return running


def upgraded(
    then: Callable[[Peer], None],
    *,
    accept: str | None = None,
    lines: tuple[str, ...] = (),
    connection: str | None = "Connection: Upgrade",
) -> Step:
    """A websocket, on which a function says what comes after the handshake."""

    def step(peer: Peer) -> None:
        assert peer.seen is not None
        key = peer.seen.headers["sec-websocket-key"].encode()
        proof = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode() if accept is None else accept  # noqa: S324
        head = ["HTTP/1.1 101 Switching", *(lines or ("Upgrade: websocket",)), *([connection] if connection else [])]
        peer.say("\r\n".join([*head, f"Sec-WebSocket-Accept: {proof}", "", ""]).encode())
        then(peer)

    return step


def saying(data: bytes) -> Callable[[Peer], None]:
    """Say *data*, and then nothing."""

    def then(peer: Peer) -> None:
        peer.say(data)
        peer.silence()

    return then


def hold(peer: Peer) -> None:
    """Neither say nor read anything until the client has left."""
    peer.stopping.wait(PATIENCE)


def received(peer: Peer, least: int) -> bytes:
    """At least so many bytes of what the client says."""
    found = b""
    while len(found) < least:
        found += peer.sock.recv(65_536)
    return found


@every_colour
def test_no_pong(colour: str) -> None:
    """
    A server that does not answer a ping in time has dropped the session; the error says so in numbers.
    """
    pings: list[bytes] = []

    def silent(peer: Peer) -> None:
        pings.append(received(peer, 12))
        peer.silence()

    rules = SessionRules(ping_every=0.03, pong_within=0.05)
    with serving(upgraded(silent)) as server:
        (error,) = used(colour, server.url, lambda chats: chats.plain("/x", rules), to_the_end)

    problem = "no pong came within 0.05 s of a ping, which was sent after 0.03 s of silence"
    message = f"The session at /x broke off after 0 messages: {problem}."
    assert (DisconnectedError, message, 1006) == (type(error), str(error), error.close_code)
    assert 0x89 == pings[0][0]


@every_colour
def test_pongs_keep_it(server: Talks, colour: str) -> None:
    """
    A server that answers pings keeps the session, however long it has nothing to say.
    """
    rules = SessionRules(ping_every=0.02, pong_within=1.0)

    def steps(session: Any) -> Any:
        with suppress(ChatError):
            yield session.receive(0.15)
        yield session.send("still there")
        return (yield session.receive())

    assert "still there" == used(colour, server.url, lambda chats: chats.plain("/echo", rules), steps)


@every_colour
def test_pings_are_answered(colour: str) -> None:
    """
    A ping of the server's is answered with what it holds.
    """
    pongs: list[bytes] = []

    def asking(peer: Peer) -> None:
        peer.say(b"\x89\x02hi")
        frame = received(peer, 8)
        pongs.append(bytes(a ^ b for a, b in zip(frame[6:8], frame[2:6], strict=False)))
        peer.say(b"\x81\x02ok\x88\x02\x03\xe8")
        peer.silence()

    with serving(upgraded(asking)) as server:
        found = used(colour, server.url, lambda chats: chats.plain("/x"), to_the_end)

    assert (["ok"], [b"hi"]) == (found, pongs)


@every_colour
def test_reset(colour: str) -> None:
    """
    A connection that is reset is a drop, with the library's words and without its exception.
    """
    with serving(upgraded(Peer.reset)) as server:
        (error,) = used(colour, server.url, lambda chats: chats.plain("/x"), to_the_end)

    assert (DisconnectedError, 1006, True) == (type(error), error.close_code, "reset" in str(error).lower())


@every_colour
@pytest.mark.parametrize("reset", [False, True])
def test_cut_off_while_sending(colour: str, reset: bool) -> None:
    """
    A message that the server stopped to take is unsent, though most of it was written.
    """

    def leaving(peer: Peer) -> None:
        received(peer, 100_000)
        if reset:
            peer.reset()

    def steps(session: Any) -> Any:
        yield session.send("small")
        with pytest.raises(DisconnectedError) as caught:
            yield session.send(b"z" * 16 * MIB)
        return caught.value, session.unsent

    with serving(upgraded(leaving)) as server:
        error, unsent = used(colour, server.url, lambda chats: chats.plain("/x"), steps)

    assert ([16 * MIB], 1006) == ([len(message) for message in unsent], error.close_code)
    assert [16 * MIB] == [len(message) for message in error.unsent]


@every_colour
def test_server_that_does_not_read(colour: str) -> None:
    """
    A message that is not taken in time is unsent, the session is over, and the error has the numbers.
    """

    def steps(session: Any) -> Any:
        errors = []
        for message in (b"z" * 16 * MIB, "after it"):
            with pytest.raises(DisconnectedError) as caught:
                yield session.send(message)
            errors.append(caught.value)
        return errors

    with serving(upgraded(hold)) as server:
        first, second = used(colour, server.url, lambda chats: chats.plain("/x"), steps, timeout=0.1)
        server.stopping.set()

    said = "The session at /x broke off after 0 messages: a message of 16777230 bytes was not written within 0.1 s."
    assert f"{said} 1 message was not sent." == str(first)
    assert [16 * MIB, 8] == [len(message) for message in second.unsent]


@every_colour
@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"\xff\x00", 1002, "Invalid opcode 0xf"),
        (b"\x81\x02\xff\xff", 1007, "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"\x81\x81abcdx", 1002, "client received unexpected masked frame"),
        (b"\xc1\x01x", 1002, "Reserved bit set unexpectedly"),
        (b"\x88\x01x", 1002, "CLOSE with 1 byte payload"),
    ],
)
def test_no_frames(colour: str, data: bytes, code: int, words: str) -> None:
    """
    What is no websocket frame, or breaks its rules, drops the session; what came before it is given.
    """
    with serving(upgraded(saying(b"\x81\x02ok" + data))) as server:
        *found, error = used(colour, server.url, lambda chats: chats.plain("/x"), to_the_end)

    message = f"The session at /x broke off after 1 message: {words}."
    assert (["ok"], DisconnectedError, message, code) == (found, type(error), str(error), error.close_code)


@every_colour
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (upgraded(hold, accept="bm90aGluZw=="), "status 101 with a Sec-WebSocket-Accept that does not belong"),
        (upgraded(hold, lines=("Upgrade: other",)), "status 101 without the header Upgrade: websocket"),
        (
            upgraded(hold, lines=("Upgrade: websocket", "Sec-WebSocket-Extensions: permessage-deflate")),
            "status 101 with extensions that were not asked for",
        ),
        (upgraded(hold, connection=None), "status 101 without the header Connection: Upgrade"),
        (upgraded(hold, connection="Connection: keep-alive"), "without the header Connection: Upgrade"),
        (
            upgraded(hold, lines=("Upgrade: websocket", "Sec-WebSocket-Protocol: chat.v9")),
            "status 101 with the subprotocol 'chat.v9', which was not offered",
        ),
        (http(204, kind=""), "status 204 with 0 bytes of no content type, expected 101 and a websocket"),
    ],
)
def test_no_websocket(colour: str, step: Step, words: str) -> None:
    """
    A success that is no websocket is unreadable, and is not asked for again.
    """
    with serving(step) as server:
        with pytest.raises(OddError) as caught:
            used(colour, server.url, lambda chats: chats.plain("/x"), to_the_end)
        server.stopping.set()

    assert (True, 1) == (words in str(caught.value), server.connections)


@every_colour
@pytest.mark.parametrize(
    ("chosen", "offered", "opens"),
    [("chat.v2", ("chat.v1", "chat.v2"), True), ("", ("chat.v1",), True), ("chat.v3", ("chat.v1",), False)],
)
def test_subprotocols(colour: str, chosen: str, offered: tuple[str, ...], opens: bool) -> None:
    """
    A server takes one of the subprotocols that it is offered, or none.
    """
    rules = SessionRules(ping_every=None, close_within=0.2, subprotocols=offered)
    lines = ("Upgrade: websocket", *((f"Sec-WebSocket-Protocol: {chosen}",) if chosen else ()))

    def one(session: Any) -> Any:
        return (yield session.receive(timeout=2.0))

    step = upgraded(saying(b"\x81\x02ok"), lines=lines, connection="Connection: keep-alive, upgrade")
    with serving(step) as server:
        if opens:
            assert "ok" == used(colour, server.url, lambda chats: chats.plain("/x", rules), one)
        else:
            with pytest.raises(OddError, match="which was not offered"):
                used(colour, server.url, lambda chats: chats.plain("/x", rules), one)
        server.stopping.set()


PING, PONG, EMPTY = b"\x89\x00", b"\x8a\x00", b"\x81\x00"
FRAGMENT = b"\x00\x00"
FLOODS = {
    "pings": (b"", PING),
    "large pings": (b"", b"\x89\x7d" + b"p" * 125),
    "pongs": (b"", PONG),
    "empty fragments": (b"\x01\x00", FRAGMENT),
    "empty fragments of bytes": (b"\x02\x00", FRAGMENT),
    "fragments of one byte": (b"\x01\x00", b"\x00\x01x"),
}


def flooding(first: bytes, again: bytes) -> Callable[[Peer], None]:
    """Say *first*, and then *again* until the client has left. What it says is not read."""

    def then(peer: Peer) -> None:
        peer.say(first)
        end, many = time.monotonic() + 10.0, again * 500
        while time.monotonic() < end:
            peer.say(many)

    return then


@every_colour
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_no_wait_too_late(colour: str, flood: str) -> None:
    """
    A wait for a message, and a close, end by the clock, whatever comes meanwhile; none of it is held.
    """
    rules = SessionRules(ping_every=None, close_within=0.3)
    took: list[float] = []

    def steps(session: Any) -> Any:
        tracemalloc.start()
        for timeout in (0.3, 0.0, 0.2):
            watch = Stopwatch()
            with pytest.raises(ChatError, match="It is still open"):
                yield session.receive(timeout=timeout)
            took.append(watch.seconds() - timeout)
        watch = Stopwatch()
        yield session.close() if colour == "blocking" else session.aclose()
        took.append(watch.seconds() - 0.3)

    try:
        with serving(upgraded(flooding(*FLOODS[flood]))) as server:
            used(colour, server.url, lambda chats: chats.plain("/x", rules), steps)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert 4 == len(took)
    assert max(took) < 1.5
    assert held < 16 * MIB


@every_colour
def test_a_flood_of_messages(colour: str) -> None:
    """
    A server that sends empty messages for ever is heard message by message, and left in time.
    """
    rules = SessionRules(ping_every=None, close_within=0.3)
    took: list[float] = []

    def steps(session: Any) -> Any:
        heard = [(yield session.receive(timeout=1.0)), (yield session.receive(timeout=1.0))]
        tracemalloc.start()
        for number in range(20):
            yield session.send(str(number))
        watch = Stopwatch()
        yield session.close() if colour == "blocking" else session.aclose()
        took.append(watch.seconds())
        return heard

    try:
        with serving(upgraded(flooding(b"", EMPTY))) as server:
            assert ["", ""] == used(colour, server.url, lambda chats: chats.plain("/x", rules), steps)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert max(took) < 2.0
    assert held < 16 * MIB


@every_colour
def test_silent_handshake(colour: str) -> None:
    """
    A server that does not answer the handshake is waited for no longer than the client's timeout.
    """
    watch = Stopwatch()
    with serving(Peer.silence) as server, pytest.raises(ChatError) as caught:
        used(colour, server.url, lambda chats: chats.plain("/x"), to_the_end, timeout=0.1, max_retries=0)

    assert (True, ("SlowError", 1)) == (
        watch.seconds() < 2.0,
        (type(caught.value).__name__, len(caught.value.attempts)),
    )


@every_colour
def test_renewed(server: Talks, colour: str) -> None:
    """
    After a drop the hook gets the new session and what was not sent, which is not sent again unless it does.
    """
    handed: list[tuple[str | bytes, ...]] = []
    clock = VirtualClock()

    def steps(session: Any) -> Any:
        def again(new: Any, unsent: tuple[str | bytes, ...]) -> Any:
            handed.append(unsent)
            return new.send("after it")  # for an awaiting session what is awaited

        session.on_reconnect(again)
        first = yield session.receive()
        yield session.send("die")
        waiting: list[Any] = []
        end = time.monotonic() + PATIENCE
        while not waiting and time.monotonic() < end:
            try:
                yield session.send("lost")
            except DisconnectedError as error:
                waiting.append(error.unsent)
        return first, (yield session.receive()), session.unsent

    def ask(chats: Any) -> Any:
        return chats.agent()

    def talked(session: Any) -> Any:
        yield session.send("hello")
        return (yield from steps(session))

    found = used(colour, server.url, ask, talked, clock=clock)

    lost = '{"type":"post_message","session_id":"s1","content":"lost"}'
    assert ("HELLO", [(lost,)], [1.0]) == (found[0], handed, clock.waits())
    assert () == found[2]
    server.wait_until(lambda: '{"type":"disconnect_session","session_id":"s1"}' in server.heard)
    assert 1 == sum("create_session" in str(message) for message in server.heard)
    assert 2 == sum('"connect_session"' in str(message) for message in server.heard)


@every_colour
def test_renewed_in_vain(server: Talks, colour: str) -> None:
    """
    New sessions that bring nothing are as many as the retries, after the same pauses; then the drop is raised.
    """
    clock, calls = VirtualClock(), list[tuple[str | bytes, ...]]()

    def steps(session: Any) -> Any:
        session.on_reconnect(noted(colour, calls))
        return (yield everything(session))

    (error,) = used(colour, server.url, lambda chats: chats.plain("/abort"), steps, clock=clock)

    assert ([1.0, 2.0, 4.0], [()] * 3, 4) == (clock.waits(), calls, len(server.asked))
    assert (DisconnectedError, [1.0, 2.0, 4.0, 0.0]) == (type(error), [attempt.delay for attempt in error.attempts])


@every_colour
@pytest.mark.parametrize("code", [1008, 4401])
def test_not_renewed(server: Talks, colour: str, code: int) -> None:
    """
    After a code that would only come again there is no new session.
    """
    calls: list[tuple[str | bytes, ...]] = []

    def steps(session: Any) -> Any:
        session.on_reconnect(noted(colour, calls))
        return (yield everything(session))

    *_, error = used(colour, server.url, lambda chats: chats.plain(f"/count?code={code}"), steps)

    assert (code, [], 1) == (error.close_code, calls, len(server.asked))


@every_colour
def test_renewal_that_is_refused(colour: str) -> None:
    """
    Where the new handshake is refused, that is raised, with what was not sent.
    """
    calls: list[tuple[str | bytes, ...]] = []

    def steps(session: Any) -> Any:
        session.on_reconnect(noted(colour, calls))
        return (yield everything(session))

    with serving(upgraded(Peer.reset), http(401, b"{}")) as server:
        (error,) = used(colour, server.url, lambda chats: chats.plain("/x"), steps, clock=VirtualClock())

    assert ("KeyRefusedError", [101, 401], []) == (
        type(error).__name__,
        [attempt.status for attempt in error.attempts],
        calls,
    )


def noted(colour: str, calls: list[tuple[str | bytes, ...]]) -> Callable[..., Any]:
    """A hook that remembers what it was called with."""

    def hook(_session: Any, unsent: tuple[str | bytes, ...]) -> None:
        calls.append(unsent)

    async def awaited(_session: Any, unsent: tuple[str | bytes, ...]) -> None:
        calls.append(unsent)

    return hook if colour == "blocking" else awaited


@pytest.mark.parametrize("tls", [False, True])
def test_threads_send(tls: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """
    Ten threads send while one receives, in plain and over TLS: every message arrives whole.
    """
    context = encrypted(monkeypatch, tmp_path) if tls else None
    with talking(context) as server:
        engine = core(server.url)
        with Chats[Any](engine).plain("/echo") as session:
            workers = [
                threading.Thread(target=lambda n=n: [session.send(said(n, m)) for m in range(5)]) for n in range(10)
            ]
            for worker in workers:
                worker.start()
            found = {session.receive(PATIENCE) for _ in range(50)}
            for worker in workers:
                worker.join(PATIENCE)
        engine.close()

    assert {said(n, m) for n in range(10) for m in range(5)} == found


@awaiting_colours
@pytest.mark.parametrize("tls", [False, True])
def test_tasks_send(colour: str, tls: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """
    Ten tasks send while one receives, in plain and over TLS: every message arrives whole.
    """
    context = encrypted(monkeypatch, tmp_path) if tls else None
    found: set[Any] = set()

    async def work() -> None:
        engine = core(over.url, awaiting=True)
        async with Chats[Any](engine).plain("/echo") as session:

            async def send(n: int) -> None:
                for m in range(5):
                    await session.send(said(n, m))

            async with anyio.create_task_group() as group:
                for n in range(10):
                    group.start_soon(send, n)
                for _ in range(50):
                    found.add(await session.receive(PATIENCE))
        await engine.aclose()

    with talking(context) as over:
        run_in(colour, work)

    assert {said(n, m) for n in range(10) for m in range(5)} == found


def said(n: int, m: int) -> str:
    """The message *m* of sender *n*: large enough for several pieces."""
    return f"{n}-{m}-" + "abc"[n % 3] * 100_000


def encrypted(monkeypatch: pytest.MonkeyPatch, folder: Any) -> ssl.SSLContext:
    """The TLS of a server that our clients trust from now on."""
    certificates = Certificates("127.0.0.1")
    (folder / "ca.pem").write_bytes(certificates.authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    return certificates.context(None)


@every_colour
def test_one_receives(server: Talks, colour: str) -> None:
    """
    A second one that wants to receive is told not to.
    """
    if colour == "blocking":
        engine = core(server.url)
        with Chats[Any](engine).plain("/listen") as session:
            other = threading.Thread(target=lambda: list(session))
            other.start()
            server.wait_until(lambda: session._talk._receiving)
            with pytest.raises(SetupError, match="received from this session already"):
                session.receive()
            session.close()
            other.join(PATIENCE)
            assert not other.is_alive()
        engine.close()
        return

    async def work() -> None:
        engine = core(server.url, awaiting=True)
        async with Chats[Any](engine).plain("/listen") as session, anyio.create_task_group() as group:
            group.start_soon(anext, session, None)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(SetupError, match="received from this session already"):
                await session.receive()
            # And one that is closed meanwhile has ended for the one that waits.
            await session.aclose()
        await engine.aclose()

    run_in(colour, work)


@awaiting_colours
@pytest.mark.parametrize("at", ["connecting", "receiving", "sending", "reconnecting"])
def test_cancelled(colour: str, at: str) -> None:
    """
    A task that is cancelled anywhere leaves no connection open and no task behind.
    """
    steps: dict[str, list[Step]] = {
        "connecting": [Peer.silence],
        "receiving": [upgraded(Peer.silence)],
        "sending": [upgraded(hold)],
        "reconnecting": [upgraded(Peer.reset), Peer.silence],
    }

    async def work(server: SocketServer) -> list[Any]:
        engine = core(server.url, awaiting=True, clock=VirtualClock())
        with anyio.move_on_after(0.1) as scope:
            async with Chats[Any](engine).plain("/x") as session:
                session.on_reconnect(noted(colour, []))
                await (session.send(b"z" * 16 * MIB) if at == "sending" else session.receive())
        assert scope.cancelled_caught
        if colour == "asyncio":
            assert {asyncio.current_task()} == asyncio.all_tasks()
        left = connections(engine)
        await engine.aclose()
        return left

    with serving(*steps[at]) as server:
        left = run_in(colour, lambda: work(server))
        if at == "sending":
            server.stopping.set()

    assert [] == left


def connections(engine: Any) -> list[Any]:
    """What the pool of *engine* holds."""
    found: list[Any] = engine.connection[0]._client._transport._pool.connections
    return found


@awaiting_colours
def test_a_cancelled_wait_loses_nothing(server: Talks, colour: str) -> None:
    """
    A wait for a message that is cancelled may be taken up again: the message is still given.
    """

    async def work() -> list[Any]:
        engine = core(server.url, awaiting=True)
        found = []
        async with Chats[Any](engine).plain("/echo") as session:
            for n in range(30):
                await session.send(str(n))
                with anyio.move_on_after(0.0001 * n):
                    while True:
                        found.append(await session.receive())
            while len(found) < 30:
                found.append(await session.receive(PATIENCE))
        await engine.aclose()
        return found

    assert [str(n) for n in range(30)] == run_in(colour, work)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that signals")
@pytest.mark.parametrize("at", ["receiving", "sending"])
def test_interrupted(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Ctrl-C ends a blocking wait at once, and leaves no connection open.
    """
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    engine = None
    try:
        with serving(upgraded(hold)) as server:
            engine = core(server.url)
            with Chats[Any](engine).plain("/x") as session:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(KeyboardInterrupt):
                    session.send(b"z" * 16 * MIB) if at == "sending" else session.receive()
                assert [] == connections(engine)
            assert [] == connections(engine)
            server.stopping.set()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if engine is not None:
            engine.close()


@every_colour
def test_connection_is_given_back(server: Talks, colour: str) -> None:
    """
    A session that is closed leaves nothing in the pool, and the client goes on.
    """
    if colour == "blocking":
        engine = core(server.url)
        chats = Chats[Any](engine)
        for _ in range(3):
            with chats.plain("/echo") as session:
                session.send("x")
                assert "x" == session.receive()
                assert 1 == len(connections(engine))
            assert [] == connections(engine)
        assert {"path": "/agent"} == chats.ping()
        engine.close()
        return

    async def work() -> None:
        engine = core(server.url, awaiting=True)
        chats = Chats[Any](engine)
        for _ in range(3):
            session = await chats.plain("/echo")
            await session.send("x")
            assert "x" == await session.receive()
            assert 1 == len(connections(engine))
            await session.aclose()
            await session.aclose()
            assert [] == connections(engine)
        assert {"path": "/agent"} == await chats.ping()
        await engine.aclose()

    run_in(colour, work)


@every_colour
def test_closed(server: Talks, colour: str) -> None:
    """
    A session that was closed takes no message, and there is none.
    """

    def steps(session: Any) -> Any:
        yield session.close() if colour == "blocking" else session.aclose()
        with pytest.raises(SetupError) as caught:
            yield session.send("x")
        return str(caught.value), (yield everything(session))

    found = used(colour, server.url, lambda chats: chats.plain("/echo"), steps)

    assert ("The session is closed. Open a new one.", []) == found


@every_colour
def test_without_the_package(server: Talks, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Without the extra "ws" the vendor's error names the remedy, and nothing is sent.
    """
    monkeypatch.setitem(sys.modules, "wsproto", None)

    with pytest.raises(SetupError, match=r'Install it: pip install "failwell\[ws\]"'):
        used(colour, server.url, lambda chats: chats.plain("/echo"), to_the_end)
    assert [] == server.asked


@every_colour
def test_over_something_else(server: Talks, colour: str) -> None:
    """
    A client that does not send over httpx2 says that its sessions would.
    """
    pytest.importorskip("pyreqwest", reason='the extra "fast" is not installed')
    # On trio there is no such client, to begin with.
    said = (
        'http="fast" needs asyncio' if colour == "trio" else "Sessions go over httpx2, and this client has http='fast'"
    )

    with pytest.raises(SetupError, match=said):
        used(colour, server.url, lambda chats: chats.plain("/echo"), to_the_end, http="fast")
    assert [] == server.asked


@every_colour
def test_own_client(server: Talks, colour: str) -> None:
    """
    A user's own http_client opens sessions, too; one over a transport without connections says so.
    """

    def steps(session: Any) -> Any:
        yield session.send("x" * 200_000)
        return (yield session.receive())

    kind: Any = httpx2.Client if colour == "blocking" else httpx2.AsyncClient
    found = used(colour, server.url, lambda chats: chats.plain("/echo"), steps, http_client=kind())
    mock = kind(transport=httpx2.MockTransport(lambda _request: httpx2.Response(101)))
    with pytest.raises(OddError, match="status 101 without the header Upgrade"):
        used(colour, server.url, lambda chats: chats.plain("/echo"), steps, http_client=mock)

    assert "x" * 200_000 == found


@every_colour
def test_no_secret(server: Talks, colour: str) -> None:
    """
    No error of a session shows the key: not what the server quotes, not what was unsent; and it pickles.
    """
    errors: list[ChatError] = []

    def steps(session: Any) -> Any:
        found = yield everything(session)
        errors.append(found[-1])
        with pytest.raises(DisconnectedError) as caught:
            yield session.send(f"my key is {KEY}")
        errors.append(caught.value)
        return session.unsent

    path = f"/count?to=0&code=1011&reason=who%20is%20{KEY}"
    unsent = used(colour, server.url, lambda chats: chats.plain(path), steps)
    with pytest.raises(ChatError) as caught:
        used(colour, server.url, lambda chats: chats.plain("/refused?status=403"), to_the_end)
    errors.append(caught.value)
    errors += used(colour, server.url, lambda chats: chats.plain("/told"), to_the_end)[-1:]

    assert [[]] * 4 == [leaked(KEY, shown(error)) for error in errors]
    assert ((f"my key is {KEY}",), ("my key is ***",)) == (unsent, errors[1].unsent)
    assert "who is ***" == errors[0].close_reason
    copy = pickle.loads(pickle.dumps(errors[1]))  # noqa: S301 - our own
    assert (str(errors[1]), 1011, ("my key is ***",)) == (str(copy), copy.close_code, copy.unsent)


@every_colour
def test_events(server: Talks, colour: str) -> None:
    """
    Observers hear of a drop and of the session after it.
    """
    told: list[tuple[str, dict[str, Any]]] = []

    def steps(session: Any) -> Any:
        session.on_reconnect(noted(colour, []))
        return (yield everything(session))

    used(
        colour,
        server.url,
        lambda chats: chats.plain("/abort"),
        steps,
        clock=VirtualClock(),
        max_retries=1,
        on_event=lambda name, facts: told.append((name, facts)),
    )

    reason = "the connection ended without a close frame"
    dropped = {"operation": "chats.plain", "code": 1006, "reason": reason}
    events = [
        ("session_dropped", dropped),
        ("session_renewed", {**dropped, "delay": 1.0}),
        ("session_dropped", dropped),
    ]
    assert events == [event for event in told if event[0].startswith("session")]
