"""The fast transports over real sockets: the same promises, but for those that docs/fast.md says are not kept."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import sys
import threading
import time
from typing import Any

import anyio
import httpx2
import pytest

from failwell.client import Core
from failwell.client.transport.pyreqwest import AwaitingFast, BlockingFast
from failwell.wire.messages import Reply, Request
from pictograph import AsyncClient, Client
from pictograph.exceptions import (
    CATALOGUE,
    ConfigurationError,
    NetworkError,
    RequestTimeoutError,
    ServerError,
)
from tests.servers.sockets import Peer, Step, http, serving
from tests.stopwatch import Stopwatch

from .colours import KEY, RUN, asked, chain, of_probe, raised, read

FAST: dict[str, Any] = {"http": "fast"}
both = pytest.mark.parametrize("colour", ["blocking", "asyncio"])


@both
def test_one_call(colour: str) -> None:
    """
    A call goes out with the headers of the client and comes back as its model; kept connections are used again.
    """
    kept = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(RUN), RUN)

    def twice(peer: Peer) -> None:
        peer.say(kept)
        peer.sock.recv(65_536)
        peer.say(kept)

    def ask(client: Any) -> Any:
        if colour == "blocking":
            return read(client), read(client)

        async def run() -> Any:
            return await read(client), await read(client)

        return run()

    with serving(twice) as server:
        host = server.url.removeprefix("http://")
        first, second = asked(colour, ask, base_url=server.url, **FAST)

    assert ("run_1", "run_1", 1) == (first.id, second.id, server.connections)
    assert KEY in server.seen[0].headers.values()
    assert host == server.seen[0].headers["host"]


@both
def test_what_was_not_sent_is_repeated(colour: str) -> None:
    """
    R8. A POST without a key is repeated where no connection was made, and not where one ended without an answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}"
    post = of_probe(lambda probe: probe.post())
    settings: dict[str, Any] = {**FAST, "max_retries": 1, "clock": Instant()}
    refused = raised(colour, post, base_url=nobody, **settings)
    with serving(lambda peer: peer.reset()) as server:
        dropped = raised(colour, post, base_url=server.url, **settings)

    assert (2, 1) == (len(refused.attempts), len(dropped.attempts))
    assert (NetworkError, NetworkError) == (type(refused), type(dropped))


@both
@pytest.mark.parametrize("where", ["silence", "headers", "body"])
def test_an_attempt_is_bounded_whole(where: str, colour: str) -> None:
    """
    R6. Neither silence nor a drip of one byte at a time takes longer than the timeout.
    """
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
    steps: dict[str, Step] = {
        "silence": lambda peer: peer.silence(),
        "headers": lambda peer: peer.drip(head * 100),
        "body": lambda peer: peer.drip(head + b"x" * 4000, pause=0.01),
    }
    with serving(steps[where]) as server:
        watch, started = Stopwatch(), time.monotonic()
        error = raised(colour, read, base_url=server.url, timeout=0.3, **FAST)
        least, most = time.monotonic() - started, watch.seconds()

    assert isinstance(error, RequestTimeoutError)
    assert 0.2 < least
    assert most < 1.5


@both
def test_redirects_are_not_followed(colour: str) -> None:
    """
    A redirect is an answer, and the key goes nowhere else.
    """
    with serving(http(200, RUN)) as elsewhere, serving(http(302, b"", f"Location: {elsewhere.url}")) as server:
        error = raised(colour, read, base_url=server.url, **FAST)

    assert (302, 0) == (error.status_code, elsewhere.connections)


@both
def test_proxies(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The proxy that the environment names is used with its password; NO_PROXY says where it is not.
    """
    with serving(http(200, RUN)) as server, serving(http(200, RUN)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        asked(colour, read, base_url=server.url, **FAST)
        asked(colour, read, base_url="http://pictograph.test", **FAST)

    assert (1, 1) == (server.connections, proxy.connections)
    assert "http://pictograph.test/api/v1/developer/training/run_1" == proxy.seen[0].target
    assert "Basic bWU6cEBzcw==" == proxy.seen[0].headers["proxy-authorization"]


@both
def test_a_proxy_that_does_not_answer_keeps_its_password(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    R4. The password of a proxy is in no text of the error, nor of what caused it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("ALL_PROXY", f"http://me:CANARY-of-the-proxy@127.0.0.1:{listener.getsockname()[1]}")
    error = raised(colour, read, base_url="http://pictograph.test", **FAST)

    assert isinstance(error, NetworkError)
    assert not [one for one in chain(error) if "CANARY" in f"{one!s}{one!r}{vars(one)}{one.args}"]


@both
def test_no_secret(colour: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    R4. A server that echoes the key in its error, in body and headers, gives it to nobody; the pickle has none either.
    """
    caplog.set_level(logging.DEBUG)
    with serving(http(500, b'{"detail": "key %s"}' % KEY.encode(), f"X-Request-ID: {KEY}")) as server:
        error = raised(colour, read, base_url=server.url, **FAST)

    shown = f"{error!s}{error!r}{vars(error)}{error.args}{caplog.text}{pickle.dumps(error)!r}"
    assert isinstance(error, ServerError)
    assert ("key ***", False) == (str(error), KEY in shown)


@both
def test_headers_that_are_no_text(colour: str) -> None:
    """
    A header in Latin-1, which the library shows to nobody, takes no other with it; repeated ones are joined.
    """
    answer = http(404, b"{}", "X-Odd: \xe9", "X-Request-ID: req-7", "X-Twice: a", "X-Twice: b")
    with serving(answer) as server:
        error = raised(colour, read, base_url=server.url, **FAST)
        reply = send(colour, Request("GET", "/x"), server.url)

    assert "req-7" == error.request_id
    assert isinstance(reply, Reply)
    assert ("a, b", False) == (reply.headers["x-twice"], "x-odd" in reply.headers)


@both
@pytest.mark.parametrize(("method", "said"), [("POST", "0"), ("GET", None)])
def test_no_body(method: str, said: str | None, colour: str) -> None:
    """
    A POST without a body says so, as servers want it; a GET says nothing.
    """
    with serving(http(200, b"{}")) as server:
        send(colour, Request(method, "/x"), server.url)

    assert said == server.seen[0].headers.get("content-length")


@both
def test_bodies_that_are_read_while_they_are_sent(colour: str) -> None:
    """
    What the fast transport does not do goes over httpx2: a body in pieces, and a download into a file.
    """
    got: list[bytes] = []
    with serving(http(200, b"12")) as server:
        send(colour, Request("PUT", "/x", content=lambda: [b"a", b"b"]), server.url)
        reply = send(colour, Request("GET", "/x", into=lambda: got.append), server.url)

    assert (b"ab", b"12") == (server.seen[0].body, b"".join(got))
    assert isinstance(reply, Reply)
    assert b"" == reply.body


@both
@pytest.mark.parametrize("url", ["ftp://pictograph.test/x", "http://[::1/x?key=1#"])
@pytest.mark.parametrize("carrier", ["httpx2", "fast"])
def test_a_url_that_is_none(carrier: Any, url: str, colour: str) -> None:
    """
    A URL that cannot be sent to, as a server may name one, is told as such, and nothing was sent.
    """
    outcome = send(colour, Request("GET", url), "http://127.0.0.1:1", carrier)

    assert not isinstance(outcome, Reply)
    assert ("unreadable", False) == (outcome.kind, outcome.sent)


def test_on_trio() -> None:
    """
    The library awaits on asyncio only: on trio a call says so, before anything is sent.
    """

    async def run() -> None:
        async with AsyncClient(KEY, base_url="http://127.0.0.1:1", http="fast") as client:
            await client.training.get("run_1")

    with pytest.raises(ConfigurationError, match='http="fast" needs asyncio, and this is trio'):
        anyio.run(run, backend="trio")


@pytest.mark.parametrize(("make", "own"), [(Client, httpx2.Client()), (AsyncClient, httpx2.AsyncClient())])
def test_what_cannot_be_combined(make: Any, own: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An unknown transport, one with a client of the user's own, and one that is not installed are told at once.
    """
    with pytest.raises(ConfigurationError, match='it must be "httpx2" or "fast"'):
        make(KEY, http="faster")
    with pytest.raises(ConfigurationError, match='http_client is for http="httpx2"'):
        make(KEY, http="fast", http_client=own)
    monkeypatch.setattr("failwell.client.config.missing", lambda _extra: ("pyreqwest",))
    with pytest.raises(ConfigurationError, match=r"pip install \"failwell\[fast\]\""):
        make(KEY, http="fast")


@both
def test_no_socket_outlives_its_client(colour: str) -> None:
    """
    A client that is closed has closed its connections: the server sees their end at once, not when they are too old.
    """
    ended = threading.Event()

    def answered(peer: Peer) -> None:
        peer.say(http(200, RUN).replace(b"Connection: close", b"Connection: keep-alive"))
        peer.sock.settimeout(2.0)
        if peer.sock.recv(1) == b"":
            ended.set()

    with serving(answered) as server:
        asked(colour, read, base_url=server.url, **FAST)
        assert ended.wait(2.0)


def test_closed() -> None:
    """
    A closed client says so, and can be closed again.
    """
    client = Client(KEY, base_url="http://127.0.0.1:1", http="fast")
    client.close()
    client.close()

    with pytest.raises(ConfigurationError, match="The client is closed"):
        client.training.get("run_1")


def test_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A client that was pickled sends as it did before.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", KEY)
    with Client(http="fast", max_retries=0) as client:
        loaded = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own

    assert "fast" == loaded.core.http
    loaded.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_after_a_fork() -> None:
    """
    The child of a fork sends over httpx2: the threads of the library stay with the parent.
    """
    with serving(http(200, RUN)) as server, Client(KEY, base_url=server.url, max_retries=0, http="fast") as client:
        read(client)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if read(client).id == "run_1" else 2
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        read(client)

    assert (0, 3) == (os.waitstatus_to_exitcode(ended), server.connections)


def test_nobody_loads_it_unasked() -> None:
    """
    A client over httpx2 does not load the library.
    """
    import subprocess

    program = f"import sys; from pictograph import Client; Client({KEY!r}); print('pyreqwest' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "False" == ran.stdout.strip()


class Instant:
    """A clock that never waits."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    def random(self) -> float:
        return 0.5

    def sleep(self, _seconds: float) -> None:
        """At once."""

    async def asleep(self, _seconds: float) -> None:
        """At once."""


def send(colour: str, request: Request, base_url: str, carrier: Any = "fast") -> Any:
    """What comes of sending *request*, without retries and without a catalogue."""
    awaiting = colour != "blocking"
    core = Core(CATALOGUE, base_url=base_url, awaiting=awaiting, http=carrier)
    transport, _ = core.connection
    assert (carrier == "fast") is isinstance(transport, AwaitingFast if awaiting else BlockingFast)
    if not awaiting:
        try:
            return transport.send(request, 5.0)
        finally:
            core.close()

    async def run() -> Any:
        try:
            return await transport.send(request, 5.0)
        finally:
            await core.aclose()

    return anyio.run(run, backend="asyncio")
