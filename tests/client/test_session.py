from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any

import pytest

from failwell.client import Resource, session
from failwell.clock import VirtualClock
from failwell.policy import SessionFlow, SessionProtocol, SessionRules

from .colours import every_colour
from .talks import (
    KEY,
    MIB,
    ChatError,
    Chats,
    DisconnectedError,
    DownError,
    ForbiddenError,
    KeyRefusedError,
    NoSuchAgentError,
    OddError,
    Plain,
    SetupError,
    SlowError,
    SpoiltError,
    Talks,
    TooManyError,
    core,
    everything,
    reply,
    talking,
    to_the_end,
    used,
)


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


def caught(colour: str, server: Talks, ask: Any, steps: Any = to_the_end, **settings: Any) -> ChatError:
    """The error that *steps* meet."""
    with pytest.raises(ChatError) as found:
        used(colour, server.url, ask, steps, **settings)
    return found.value


@every_colour
def test_messages_both_ways(server: Talks, colour: str) -> None:
    """
    Text and bytes arrive as they were sent, both ways, and the handshake carries the credentials.
    """

    def steps(session: Any) -> Any:
        found = []
        for message in ("Hello", b"\x00\xff", "", "ü" * 70_000):
            yield session.send(message)
            found.append((yield session.receive()))
        return found, session.request_id

    found, request_id = used(colour, server.url, lambda chats: chats.plain("/echo"), steps)

    assert (["Hello", b"\x00\xff", "", "ü" * 70_000], "req-7") == (found, request_id)
    assert f"Bearer {KEY}" == server.asked[0].headers["Authorization"]
    server.wait_until(lambda: [1000] == server.closed_with)


@every_colour
def test_json(server: Talks, colour: str) -> None:
    """
    A dialogue in JSON sends values and gives values.
    """

    def steps(session: Any) -> Any:
        yield session.send({"n": [1, None]})
        return (yield session.receive())

    assert {"n": [1, None]} == used(colour, server.url, lambda chats: chats.json("/echo"), steps)
    assert ['{"n":[1,null]}'] == server.heard


@every_colour
def test_dialogue(server: Talks, colour: str) -> None:
    """
    What a dialogue says at the start and at the end is said, after a call that asks where to go.
    """

    def steps(session: Any) -> Any:
        yield session.send("Hello")
        return (yield session.receive())

    assert "HELLO" == used(colour, server.url, lambda chats: chats.agent(), steps)
    server.wait_until(lambda: 4 == len(server.heard))
    assert '{"type":"disconnect_session","session_id":"s1"}' == server.heard[-1]


@every_colour
def test_a_normal_close_ends_it(server: Talks, colour: str) -> None:
    """
    A close with 1000, or without a code, ends the iteration; there is no message afterwards.
    """

    def steps(session: Any) -> Any:
        found = yield everything(session)
        try:
            yield session.receive()
        except DisconnectedError as error:
            return found, error.close_code
        return None

    assert (["0", "1", "2"], 1000) == used(colour, server.url, lambda chats: chats.plain("/count"), steps)


@every_colour
@pytest.mark.parametrize(
    ("code", "reason"), [(1001, "away"), (1011, "db is down"), (1012, ""), (1013, "later"), (4401, "key expired")]
)
def test_a_drop_says_why(server: Talks, colour: str, code: int, reason: str) -> None:
    """
    A close that is not normal raises the catalogue's class, plain, with code and reason, after what came before it.
    """
    path = f"/count?to=2&code={code}&reason={reason.replace(' ', '%20')}"

    *found, error = used(colour, server.url, lambda chats: chats.plain(path), to_the_end)

    said = f', and said "{reason}"' if reason else ""
    message = f"The session at /count broke off after 2 messages: the server closed it with the code {code}{said}."
    assert (["0", "1"], DisconnectedError, message) == (found, type(error), str(error))
    assert (code, reason, reason, ()) == (error.close_code, error.close_reason, error.reason, error.unsent)
    assert ([101], "req-7", ["Open another session. (request req-7)"]) == (
        [attempt.status for attempt in error.attempts],
        error.request_id,
        error.__notes__,
    )
    assert error.elapsed is not None


@every_colour
def test_no_close_frame(server: Talks, colour: str) -> None:
    """
    A connection that ends without a close frame is a drop with the code 1006.
    """
    *found, error = used(colour, server.url, lambda chats: chats.plain("/abort?after=2"), to_the_end)

    message = "The session at /abort broke off after 2 messages: the connection ended without a close frame."
    assert (["0", "1"], message, 1006, "") == (found, str(error), error.close_code, error.close_reason)


@every_colour
def test_a_send_after_a_drop(server: Talks, colour: str) -> None:
    """
    What is sent after a drop raises the same class and counts as unsent, also on the session.
    """

    def steps(session: Any) -> Any:
        yield everything(session)
        errors = []
        for message in ("a", b"b"):
            try:
                yield session.send(message)
            except DisconnectedError as error:
                errors.append(error)
        return errors, session.unsent

    path = "/count?to=0&code=1011&reason=oops"
    errors, unsent = used(colour, server.url, lambda chats: chats.plain(path), steps)

    assert [("a",), ("a", b"b")] == [error.unsent for error in errors]
    assert (("a", b"b"), 1011, "oops") == (unsent, errors[1].close_code, errors[1].close_reason)
    assert str(errors[0]).endswith('and said "oops". 1 message was not sent.')


@every_colour
def test_a_send_hears_of_the_close(server: Talks, colour: str) -> None:
    """
    One who only sends learns the code, too, once the server no longer takes messages.
    """

    def steps(session: Any) -> Any:
        for n in range(1000):
            yield session.send(f"{n} {'x' * 10_000}")

    error = caught(colour, server, lambda chats: chats.plain("/count?to=0&code=1011&reason=oops"), steps)

    assert (DisconnectedError, 1011, "oops", 1) == (
        type(error),
        error.close_code,
        error.close_reason,
        len(error.unsent),
    )


@every_colour
def test_an_error_in_a_message(server: Talks, colour: str) -> None:
    """
    A message that tells of an error raises the class of its code, without secrets; the session goes on.
    """

    def steps(session: Any) -> Any:
        try:
            yield session.receive()
        except SpoiltError as error:
            yield session.send("again")
            return error, (yield session.receive())
        return None

    error, message = used(colour, server.url, lambda chats: chats.plain("/told"), steps)

    assert ("Not with ***.", "req-7", "again") == (str(error), error.request_id, message)
    assert (b"***" in error.body, None) == (True, error.close_code)


@every_colour
@pytest.mark.parametrize(
    ("path", "cls"),
    [
        ("/refused?status=401", KeyRefusedError),
        ("/refused?status=403", ForbiddenError),
        ("/refused?status=404", NoSuchAgentError),
        ("/refused?status=404&html=1", NoSuchAgentError),
        ("/refused?status=418", ChatError),
        ("/refused?status=200&html=1", OddError),
    ],
)
def test_refused(server: Talks, colour: str, path: str, cls: type[ChatError]) -> None:
    """
    A handshake that is answered with a reply raises what any call would, once.
    """
    error = caught(colour, server, lambda chats: chats.plain(path))

    assert (cls, 1) == (type(error), len(server.asked))
    status = int(path[16:19])
    assert [status] == [attempt.status for attempt in error.attempts]
    if "html" not in path:
        assert ("No, said the door to ***.", "req-7") == (str(error), error.request_id)


@every_colour
@pytest.mark.parametrize(
    ("status", "cls", "waits"), [(429, TooManyError, [2.0] * 3), (503, DownError, [2.0, 2.0, 4.0])]
)
def test_refused_for_now(server: Talks, colour: str, status: int, cls: type[ChatError], waits: list[float]) -> None:
    """
    A handshake is repeated as a GET is: after Retry-After or a backoff, as often as the rules say.
    """
    clock = VirtualClock()
    path = f"/refused?status={status}&code=too_many"

    error = caught(colour, server, lambda chats: chats.plain(path), clock=clock)

    assert (cls, 4, waits) == (type(error), len(server.asked), clock.waits())
    assert [status] * 4 == [attempt.status for attempt in error.attempts]


@every_colour
def test_refused_once(server: Talks, colour: str) -> None:
    """
    A session that opens with the second handshake is one, and its errors know of both.
    """
    server.refuse_next.append(reply(503, b""))

    *_, error = used(colour, server.url, lambda chats: chats.plain("/abort"), to_the_end, clock=VirtualClock())

    assert [503, 101] == [attempt.status for attempt in error.attempts]
    assert 2 == len({asked.headers["Sec-WebSocket-Key"] for asked in server.asked})


@every_colour
@pytest.mark.parametrize("kind", ["bytes", "text"])
def test_large_messages(server: Talks, colour: str, kind: str) -> None:
    """
    Messages of 16 MiB work in both directions, whole and in fragments.
    """
    size = 16 * MIB
    sent: str | bytes = b"\x07" * size if kind == "bytes" else "y" * size

    def steps(session: Any) -> Any:
        got = yield session.receive()
        yield session.send(sent)
        return got

    got = used(colour, server.url, lambda chats: chats.plain(f"/large?mebibytes=16&kind={kind}"), steps, timeout=30.0)

    server.wait_until(lambda: server.heard)
    assert (b"\x00" * size if kind == "bytes" else "x" * size) == got
    assert sent == server.heard[0]


@every_colour
def test_fragments(server: Talks, colour: str) -> None:
    """
    A message in fragments is given whole.
    """

    def steps(session: Any) -> Any:
        yield session.send("déjà vu " * 1000)
        return (yield session.receive())

    assert "déjà vu " * 1000 == used(colour, server.url, lambda chats: chats.plain("/echo"), steps)
    assert "abcdefghij" * 9 == used(
        colour,
        server.url,
        lambda chats: chats.plain("/pieces"),
        lambda session: said(session, "abcdefghij" * 9),
    )


def said(session: Any, message: str) -> Any:
    """Say *message*, and return the answer."""
    yield session.send(message)
    return (yield session.receive())


@every_colour
def test_too_large(server: Talks, colour: str) -> None:
    """
    A message above the declared length ends the session with 1009, in numbers.
    """
    rules = SessionRules(longest_message=MIB, ping_every=None)

    (error,) = used(colour, server.url, lambda chats: chats.plain("/large?mebibytes=2", rules), to_the_end)

    message = "The session at /large broke off after 0 messages: one message has more than 1048576 bytes."
    assert (DisconnectedError, message, 1009) == (type(error), str(error), error.close_code)
    server.wait_until(lambda: [1009] == server.closed_with)


@every_colour
def test_receive_in_time(server: Talks, colour: str) -> None:
    """
    A wait for a message ends when it is told to; the session goes on.
    """

    def steps(session: Any) -> Any:
        try:
            yield session.receive(0.02)
        except SlowError as error:
            yield session.send("still there")
            return str(error), (yield session.receive())
        return None

    message = "No message came in the session at /echo within 0.02 s. It is still open."
    assert (message, "still there") == used(colour, server.url, lambda chats: chats.plain("/echo"), steps)


def test_the_method() -> None:
    """
    In each colour the method has its author's name, docstring and arguments, and says what it opens.
    """
    blocking, awaiting = Chats[Any](core("http://127.0.0.1:9")), Chats[Any](core("http://127.0.0.1:9", awaiting=True))
    methods: list[tuple[Any, str]] = [
        (Chats.plain, "Session[str | bytes, str | bytes] | Opening[str | bytes, str | bytes]"),
        (blocking.plain, "Session[str | bytes, str | bytes]"),
        (awaiting.plain, "Opening[str | bytes, str | bytes]"),
    ]
    for method, opens in methods:
        signature = inspect.signature(method)
        assert ("plain", "Talk at *path*.", opens) == (method.__name__, method.__doc__, signature.return_annotation)
        assert ["path", "rules"] == [name for name in signature.parameters if name != "self"]
    assert ((), ()) == (blocking.plain.raises, awaiting.plain.raises)
    assert inspect.isgeneratorfunction(Chats.agent.flow)


def test_the_method_of_an_author_who_does_not_say() -> None:
    """
    A method without a return annotation, or with less than a whole one, opens sessions of anything.
    """

    class Quiet(Resource[Any]):
        @session
        def nothing(self, path):  # type: ignore[no-untyped-def]  # what is tested
            return self.core.session("quiet.nothing", path, Plain())

        @session
        def half(self, path: str) -> SessionFlow[SessionProtocol]:  # type: ignore[type-arg]  # the same
            return self.core.session("quiet.half", path, Plain())

    Quiet.__dict__["half"].author.__annotations__["return"] = SessionFlow[SessionProtocol]  # type: ignore[type-arg]  # the same
    quiet = Quiet(core("http://127.0.0.1:9"))

    assert ["Session[Any, Any]"] * 2 == [
        inspect.signature(method).return_annotation for method in (quiet.nothing, quiet.half)
    ]


def test_a_closed_client(server: Talks) -> None:
    """
    A session of a client that is closed is dropped; a new one is the configuration error.
    """
    engine = core(server.url)
    chats = Chats[Any](engine)
    with chats.plain("/listen") as session:
        engine.close()
        with pytest.raises(DisconnectedError):
            session.receive()
    with pytest.raises(SetupError):
        chats.plain("/listen")


@every_colour
def test_handshakes_are_told(server: Talks, colour: str) -> None:
    """
    Observers hear of the handshake of a session as of any request, and of the session no more.
    """
    told: list[tuple[str, dict[str, Any]]] = []

    def steps(session: Any) -> Any:
        yield session.send("Hello")
        return (yield session.receive())

    def on_event(name: str, facts: dict[str, Any]) -> None:
        told.append((name, facts))

    assert "Hello" == used(colour, server.url, lambda chats: chats.plain("/echo"), steps, on_event=on_event)

    assert [
        ("call_began", None),
        ("attempt_began", None),
        ("attempt_ended", 101),
        ("call_ended", 101),
    ] == [(name, facts.get("status")) for name, facts in told]
    assert {("GET", f"{server.url}/echo")} == {(facts["method"], facts["url"]) for _, facts in told}
    assert ("req-7", 1) == (told[-1][1]["request_id"], told[-1][1]["attempts"])


@every_colour
def test_refused_handshakes_are_told(server: Talks, colour: str) -> None:
    """
    Of a handshake that is refused they hear the status of each try, and the error.
    """
    told: list[tuple[str, dict[str, Any]]] = []
    with pytest.raises(ChatError):
        used(
            colour,
            server.url,
            lambda chats: chats.plain("/refused?status=401"),
            to_the_end,
            on_event=lambda name, facts: told.append((name, facts)),
        )

    assert ("attempt_ended", "call_ended") == tuple(name for name, facts in told if facts.get("status") == 401)
    assert "KeyRefusedError" == told[-1][1]["error"]
