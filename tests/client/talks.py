"""A websocket server that does what its paths say, an SDK for it, and what its sessions do in each colour."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake, Response
from websockets.sync.server import Server, ServerConnection, serve

from failwell.client import (
    Awaiting,
    Blocking,
    Core,
    JsonSessionHandler,
    Resource,
    Session,
    json_body,
    operation,
    session,
)
from failwell.contract import Catalogue, Error, Header, Message, RetryRules, Secret, Status, field as declared
from failwell.policy import Flow, SessionFlow, SessionHandler, SessionProtocol, SessionRules
from failwell.wire.envelopes import ErrorObject

from .colours import run_in

C = TypeVar("C", Blocking, Awaiting)
PATIENCE = 5.0
KEY = "ck_live_CANARY_91bd2"
MIB = 1024 * 1024
QUICK = SessionRules(ping_every=None, close_within=1.0)


class ChatError(Error):
    """Something went wrong in a chat."""

    message: Message = declared(default="Something went wrong.", kw_only=False)
    status: Annotated[int | None, Status()] = None


class KeyRefusedError(ChatError, status=401):
    """The key is none."""


class ForbiddenError(ChatError, status=403):
    """The key is not good for this."""


class NoSuchAgentError(ChatError, status=404):
    """There is no such agent."""


class TooManyError(ChatError, status=429, code="too_many", retry="throttled"):
    """Too many sessions at once."""

    retry_after: Annotated[float | None, Header("Retry-After")] = None


class DownError(ChatError, status="5XX", retry="transient"):
    """The server is down."""


class LineError(ChatError, source="transport", on="network"):
    """There is no connection."""


class SlowError(ChatError, source="transport", on="timeout"):
    """It took too long."""


class OddError(ChatError, source="transport", on="unreadable"):
    """What came makes no sense."""


class SetupError(ChatError, source="client", on="configuration"):
    """The client cannot do that."""


class DisconnectedError(ChatError, source="transport", on="session", fix="Open another session."):
    """The session broke off."""

    close_code: int | None = None
    reason: str | None = None


class SpoiltError(ChatError, source="stream", code="spoilt"):
    """The model said what it must not say."""


ERRORS = (
    KeyRefusedError,
    ForbiddenError,
    NoSuchAgentError,
    TooManyError,
    DownError,
    LineError,
    SlowError,
    OddError,
    SetupError,
    DisconnectedError,
    SpoiltError,
)
CHAT = Catalogue(
    "chat",
    base=ChatError,
    default=ChatError,
    errors=ERRORS,
    envelope=ErrorObject(),
    retries=RetryRules(max_retries=3, first_delay=1.0, jitter=0.0),
)


class Plain(SessionHandler[str | bytes, str | bytes]):
    """Says and gives messages as they are."""

    def __init__(self, rules: SessionRules = QUICK) -> None:
        self.rules = rules


class Json(JsonSessionHandler):
    """Says and gives JSON."""

    rules = QUICK


class Agent(SessionHandler[str, str]):
    """Speaks like the client of an agent: makes a session, joins it, and leaves it."""

    rules = QUICK

    def __init__(self) -> None:
        self.id: str | None = None

    def begin(self, talk: SessionProtocol[str, str]) -> SessionFlow[None]:
        """Make a session, or go on with the one that there is."""
        if self.id is None:
            yield from talk.say({"type": "create_session", "object_id": "a1"})
            self.id = json.loads((yield from talk.hear()))["session_id"]
        yield from talk.say({"type": "connect_session", "session_id": self.id})

    def encode(self, message: str) -> object:
        """What the server calls a message."""
        return {"type": "post_message", "session_id": self.id, "content": message}

    def decode(self, message: str | bytes) -> str:
        """What the server says."""
        return str(json.loads(message)["content"])

    def end(self, talk: SessionProtocol[str, str]) -> SessionFlow[None]:
        """Leave."""
        yield from talk.say({"type": "disconnect_session", "session_id": self.id})


class Chats(Resource[C], name="chats"):
    """Sessions with the server below."""

    @session
    def plain(self, path: str, rules: SessionRules = QUICK) -> SessionFlow[SessionProtocol[str | bytes, str | bytes]]:
        """Talk at *path*."""
        return self.core.session("chats.plain", path, Plain(rules))

    @session
    def json(self, path: str) -> SessionFlow[SessionProtocol[Any, Any]]:
        """Talk JSON at *path*."""
        return self.core.session("chats.json", path, Json())

    @session
    def agent(self) -> SessionFlow[SessionProtocol[str, str]]:
        """Ask where an agent is, and talk to it."""
        where = yield from self.core.call("chats.where", "GET", "/where", json_body)
        return (yield from self.core.session("chats.agent", where["path"], Agent()))

    @operation
    def ping(self) -> Flow[Any]:
        """Ask for something small."""
        return (yield from self.core.call("chats.ping", "GET", "/where", json_body))


@dataclass
class Talks:
    """What the server was told, and how many of its sessions are open."""

    url: str = ""
    open: int = 0
    asked: list[Handshake] = field(default_factory=list)
    heard: list[str | bytes] = field(default_factory=list)
    closed_with: list[int | None] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    refuse_next: list[Response] = field(default_factory=list)

    def wait_until(self, fact: Callable[[], object]) -> None:
        """Return when *fact* holds."""
        end = time.monotonic() + PATIENCE
        while not fact() and time.monotonic() < end:
            time.sleep(0.002)
        assert fact()

    def forget(self) -> None:
        """As if nobody had ever come."""
        self.wait_until(lambda: not self.open)
        for found in (self.asked, self.heard, self.closed_with, self.ends, self.refuse_next):
            found.clear()

    def request(self, connection: ServerConnection, request: Handshake) -> Response | None:
        """What a handshake is answered with; None for a websocket."""
        self.asked.append(request)
        if self.refuse_next:
            return self.refuse_next.pop(0)
        split = urlsplit(request.path)
        if split.path == "/where":
            return reply(200, b'{"path": "/agent"}')
        if split.path == "/refused":
            query = parse_qs(split.query)
            status = int(query["status"][0])
            if "html" in query:
                return reply(status, b"<html><h1>Go away</h1></html>", kind="text/html")
            said = {"error": {"message": f"No, said the door to {KEY}.", "code": query.get("code", ["no"])[0]}}
            return reply(status, json.dumps(said).encode(), **{"Retry-After": "2"})
        return None

    def response(self, connection: ServerConnection, request: Handshake, response: Response) -> None:
        """Add the request's id."""
        response.headers["X-Request-ID"] = "req-7"

    def talk(self, connection: ServerConnection) -> None:
        """One session."""
        self.open += 1
        try:
            assert connection.request is not None
            split = urlsplit(connection.request.path)
            query = {name: values[0] for name, values in parse_qs(split.query).items()}
            getattr(self, "do_" + split.path.strip("/").replace("/", "_"))(connection, **query)
        except ConnectionClosed:
            pass  # the client has left
        finally:
            connection.close()
            self.closed_with.append(None if connection.close_code is None else int(connection.close_code))
            self.open -= 1

    def do_echo(self, connection: ServerConnection) -> None:
        """Say what is said."""
        for message in connection:
            self.heard.append(message)
            connection.send(message)

    def do_pieces(self, connection: ServerConnection) -> None:
        """Say what is said, in fragments."""
        for message in connection:
            size = max(1, len(message) // 7)
            connection.send(message[at : at + size] for at in range(0, len(message), size))

    def do_listen(self, connection: ServerConnection) -> None:
        """Remember what is said."""
        for message in connection:
            self.heard.append(message)

    def do_count(self, connection: ServerConnection, to: str = "3", code: str = "1000", reason: str = "") -> None:
        """Count, and close."""
        for n in range(int(to)):
            connection.send(str(n))
        connection.close(int(code), reason)

    def do_abort(self, connection: ServerConnection, after: str = "0") -> None:
        """Count, and end the connection without a word."""
        for n in range(int(after)):
            connection.send(str(n))
        connection.socket.shutdown(2)

    def do_large(self, connection: ServerConnection, mebibytes: str, kind: str = "bytes") -> None:
        """Say something large, and wait for the answer."""
        size = int(mebibytes) * MIB
        connection.send(b"\x00" * size if kind == "bytes" else "x" * size)
        self.heard.append(connection.recv())

    def do_told(self, connection: ServerConnection, code: str = "spoilt") -> None:
        """Tell of an error, and go on."""
        said = {"type": "error", "error": {"message": f"Not with {KEY}.", "code": code}}
        connection.send(json.dumps(said))
        self.do_echo(connection)

    def do_idle(self, connection: ServerConnection) -> None:
        """Say nothing; pings are answered below."""
        for message in connection:
            self.heard.append(message)

    def do_ws_session(self, connection: ServerConnection) -> None:
        """Be an agent that ends as it is told to: after so many answers, with a code."""
        answers, code = self.ends.pop(0) if self.ends else (-1, 0)
        for message in connection:
            said = json.loads(message)
            if said["type"] == "create_session":
                connection.send(json.dumps({"session_id": "s1"}))
            if said["type"] == "post_message":
                connection.send(json.dumps({"content": said["content"].upper()}))
                answers -= 1
            if said["type"] != "create_session" and answers == 0:
                connection.close(code, "restarting" if code == 1012 else "")

    def do_agent(self, connection: ServerConnection) -> None:
        """Be an agent."""
        for message in connection:
            self.heard.append(message)
            said = json.loads(message)
            if said["type"] == "create_session":
                connection.send(json.dumps({"type": "session_created", "session_id": "s1"}))
            if said["type"] == "post_message" and said["content"] == "die":
                connection.close(1012, "restarting")
            elif said["type"] == "post_message":
                connection.send(json.dumps({"type": "answer", "content": said["content"].upper()}))


def reply(status: int, body: bytes, *, kind: str = "application/json", **headers: str) -> Response:
    """A reply that is no websocket."""
    fields = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close", **headers}
    return Response(status, "Said", Headers(fields), body)


@contextmanager
def talking(context: ssl.SSLContext | None = None) -> Generator[Talks]:
    """The server, on a free port; over TLS with a *context*."""
    logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
    talks = Talks()
    server: Server = serve(
        talks.talk,
        "127.0.0.1",
        0,
        process_request=talks.request,
        process_response=talks.response,
        compression=None,
        max_size=None,
        max_queue=None,
        close_timeout=1.0,
        ping_interval=None,
        ssl=context,
    )
    talks.url = f"http{'' if context is None else 's'}://127.0.0.1:{server.socket.getsockname()[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield talks
    finally:
        server.shutdown()
        thread.join(PATIENCE)


def core(base_url: str, **settings: Any) -> Core:
    """The engine of a client of the chat."""
    settings = {"timeout": PATIENCE, **settings}
    return Core(CHAT, base_url=base_url, credentials=(("Authorization", Secret(f"Bearer {KEY}")),), **settings)


def everything(session: Any) -> Any:
    """All messages of *session*, to be awaited in an awaiting colour; the error that ends them, if any, comes last."""
    found: list[Any] = []
    if isinstance(session, Session):
        try:
            found.extend(session)
        except ChatError as error:
            found.append(error)
        return found

    async def gather() -> list[Any]:
        try:
            async for item in session:
                found.append(item)  # noqa: PERF401 - those before an error count
        except ChatError as error:
            found.append(error)
        return found

    return gather()


def to_the_end(session: Any) -> Any:
    """The steps that take all messages."""
    return (yield everything(session))


def used(colour: str, url: str, ask: Callable[[Any], Any], steps: Callable[[Any], Any], **settings: Any) -> Any:
    """What *steps*, a generator function, returns: it yields calls on the session, and is sent their results.

    The same steps are taken in every colour; what a call raises is raised in them.
    """
    if colour == "blocking":
        engine = core(url, **settings)
        try:
            with ask(Chats(engine)) as session:
                taken = steps(session)
                try:
                    result = next(taken)
                    while True:
                        result = taken.send(result)
                except StopIteration as stop:
                    return stop.value
        finally:
            engine.close()

    async def work() -> Any:
        engine = core(url, awaiting=True, **settings)
        try:
            async with ask(Chats(engine)) as session:
                taken = steps(session)
                try:
                    waiting = next(taken)
                    while True:
                        try:
                            result = await waiting
                        except Exception as problem:  # noqa: BLE001 - raised where the step was taken
                            waiting = taken.throw(problem)
                        else:
                            waiting = taken.send(result)
                except StopIteration as stop:
                    return stop.value
        finally:
            await engine.aclose()

    return run_in(colour, work)
