from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

import anyio
import pytest

from failwell.testing import Messages
from vectorshift import (
    CLIENTS,
    Agent,
    ApiConnectionError,
    ApiTimeoutError,
    AuthenticationError,
    NotFoundError,
    SessionDisconnectedError,
    SessionError,
    SessionEvent,
    VectorshiftApiError,
    VectorshiftError,
)

from .sdk import Sdk
from .talk_server import TalkServer, talking

AGENT = {"object": {"_id": "a1", "name": "a", "agent_type": "conversational", "tools": {}}}
Steps = Callable[[Any], Generator[Any, Any, Any]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TalkServer]:
    """A server of sessions, which the environment names."""
    with talking() as running:
        monkeypatch.setenv("VECTORSHIFT_BASE_URL", running.url)
        yield running


def talk(sdk: Sdk, steps: Steps, session_id: str | None = None, **how: Any) -> Any:
    """What *steps* return, each of which is done with the session of its colour."""
    agent = Agent("a1")
    if not sdk.awaiting:
        with agent.session(session_id, **how) as session:
            return _played(steps(session))

    async def main() -> Any:
        try:
            async with await agent.create_session(session_id, **how) as session:
                return await _awaited(steps(session))
        finally:
            await CLIENTS.aclose()

    return anyio.run(main)


def _played(steps: Generator[Any, Any, Any]) -> Any:
    given: Any = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as done:
            return done.value
        given = step


async def _awaited(steps: Generator[Any, Any, Any]) -> Any:
    given: Any = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as done:
            return done.value
        try:
            given = await step
        except VectorshiftError as error:
            step = steps.throw(error)
            given = await step


def until_complete(session: Any) -> Generator[Any, Any, list[SessionEvent]]:
    """All that is said until an answer is whole."""
    events: list[SessionEvent] = []
    while not events or not events[-1].is_complete:
        events.append((yield session.receive(10.0)))
    return events


def test_fetch_and_list(sdk: Sdk) -> None:
    """
    An agent is fetched by its id or its name, and listed.
    """
    with sdk.answered(AGENT, {"objects": [AGENT["object"]]}, NotFoundError("No such agent")) as sent:
        found = sdk.call(Agent, "fetch", name="a")
        assert ["a1"] == [one.id for one in sdk.call(Agent, "list")]
        with pytest.raises(NotFoundError):
            sdk.call(Agent, "fetch", id="a2")

    assert "Agent(id='a1', name='a', type='conversational')" == repr(found)
    assert ["/agent", "/agents", "/agent"] == [one.path for one in sent.requests]


def test_session(sdk: Sdk, server: TalkServer) -> None:
    """
    A session is made, joined, talked in and left, as the published client does; the answer is whole at its end.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("Hello")
        events = yield from until_complete(session)
        return events, session.handler.session_id

    events, session_id = talk(sdk, steps)

    assert server.over.wait(10.0)
    assert ("hi", "s1", "m1") == (events[-1].text, session_id, events[-1].message_id)
    assert ["connect_session", "post_message", "message_delta", "message_streaming", "message_complete"] == [
        event.type for event in events
    ]
    assert ["h"] == [event.delta for event in events if event.delta]
    assert [None] * 4 == [event.text for event in events[:-1]]
    assert [("/ws/session", "Bearer vs-x")] == server.handshakes
    assert [
        {"type": "create_session", "object_type": "agent", "object_id": "a1"},
        {"type": "connect_session", "session_id": "s1"},
        {"type": "post_message", "session_id": "s1", "content": "Hello"},
        {"type": "disconnect_session", "session_id": "s1"},
    ] == server.told


def test_session_that_goes_on(sdk: Sdk, server: TalkServer) -> None:
    """
    A session of before is joined by its id, and none is made.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("Hello")
        return (yield from until_complete(session))[-1].text

    assert "hi" == talk(sdk, steps, "s1")
    assert server.over.wait(10.0)
    assert ["connect_session", "post_message", "disconnect_session"] == [told["type"] for told in server.told]


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        ("cut", 1006, ""),
        ("close 1000", 1000, "That is all."),
        ("close 1011", 1011, "That is all."),
        ("close 4404", 4404, "That is all."),
    ],
)
def test_drop_in_the_middle_of_an_answer(sdk: Sdk, server: TalkServer, message: str, code: int, reason: str) -> None:
    """
    However the server ends a session, it is a drop: no answer that was cut looks complete.
    """
    del server

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send(message)
        return (yield from until_complete(session))

    with pytest.raises(SessionDisconnectedError) as caught:
        talk(sdk, steps)

    assert (code, reason) == (caught.value.close_code, caught.value.close_reason)
    assert isinstance(caught.value, SessionError)
    assert not isinstance(caught.value, VectorshiftApiError)


def test_what_was_not_sent(server: TalkServer) -> None:
    """
    After a drop a message is not sent, and is on the error.
    """
    del server
    with Agent("a1").session() as session:
        session.send("close 1001")
        with suppress(SessionDisconnectedError):
            for _ in session.listen():
                pass
        with pytest.raises(SessionDisconnectedError) as caught:
            session.send("again")

    assert ['{"type":"post_message","session_id":"s1","content":"again"}'] == list(caught.value.unsent)


def test_listening(server: TalkServer) -> None:
    """
    The loop of the page: `async for event in session.listen()`, on asyncio and trio.
    """
    del server

    async def main() -> str | None:
        said: list[SessionEvent] = []
        async with await Agent("a1").create_session() as session:
            await session.send("Hello")
            async for event in session.listen():
                said.append(event)
                if event.is_complete:
                    break
        await CLIENTS.aclose()
        return said[-1].text

    assert ["hi", "hi"] == [anyio.run(main, backend=backend) for backend in ("asyncio", "trio")]


def test_error_in_a_session(server: TalkServer) -> None:
    """
    What the server says of a message that failed is a `SessionError`, and the session goes on.
    """
    del server
    with Agent("a1").session() as session:
        session.receive(10.0)
        session.send("fail")
        with pytest.raises(SessionError, match="The message is too long") as caught:
            session.receive(10.0)
        session.send("error")
        *_, event = (session.receive(10.0) for _ in range(3))

    assert type(caught.value) is SessionError
    assert ("error_message", "The model is down.", None) == (event.type, event.error, event.text)


def test_message_that_is_none(server: TalkServer) -> None:
    """
    A message that is no JSON object is told as one that could not be read.
    """
    del server
    with Agent("a1").session() as session:
        session.send("odd")
        with pytest.raises(VectorshiftApiError, match="could not be read"):
            for _ in session:
                pass


def test_nothing_comes(server: TalkServer) -> None:
    """
    Who waits for no longer than some seconds is told so by an `ApiTimeoutError`, and the session goes on.
    """
    del server
    with Agent("a1").session() as session:
        session.receive(10.0)
        with pytest.raises(ApiTimeoutError):
            session.receive(0.01)
        session.send("Hello")
        assert "post_message" == session.receive(10.0).type


SCRIPT = ({"type": "session_created", "session_id": "s1"}, {"type": "connect_session", "success": True})


@pytest.mark.parametrize(("keepalive", "seconds"), [(3.0, 6.0), (20.0, 40.0)])
def test_silence(sdk: Sdk, keepalive: float, seconds: float) -> None:
    """
    A server that says nothing is asked after the seconds of `keepalive` whether it is there, and has as many to answer.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.receive()
        return (yield session.receive())

    with sdk.answered(Messages(*SCRIPT, TimeoutError)) as sent:
        with pytest.raises(SessionDisconnectedError) as caught:
            talk(sdk, steps, keepalive=keepalive)
        assert seconds == sent.clock.now()

    assert (1006, ()) == (caught.value.close_code, caught.value.unsent)


def test_scripted(sdk: Sdk) -> None:
    """
    A test of a program plays a session without a server.
    """
    whole = {"type": "data_type_message", "status": "Complete", "value": "hi"}
    answer = {"type": "message_notification", "message": {"id": "m1", "content": whole}}

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("Hello")
        return (yield from until_complete(session))[-1].text

    with sdk.answered(Messages(*SCRIPT, answer)) as sent:
        assert "hi" == talk(sdk, steps)

    assert ["create_session", "connect_session", "post_message", "disconnect_session"] == [
        said["type"] for said in sent.messages
    ]


def test_refused_handshake(sdk: Sdk, server: TalkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A handshake that is refused is the error that a call would meet.
    """
    monkeypatch.setenv("VECTORSHIFT_API_KEY", "vs-revoked")
    with pytest.raises(AuthenticationError) as caught:
        talk(sdk, lambda _session: iter(()))  # type: ignore[arg-type, return-value]  # it is never made

    assert (401, "GET", "/ws/session", "The key is revoked.") == (
        caught.value.status_code,
        caught.value.method,
        caught.value.endpoint,
        caught.value.error_message,
    )
    assert [] == server.told


def test_nobody_there(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where nobody listens a session is not opened, and that is a failed connection.
    """
    monkeypatch.setenv("VECTORSHIFT_BASE_URL", "http://127.0.0.1:1")
    with pytest.raises(ApiConnectionError):
        talk(sdk, lambda _session: iter(()))  # type: ignore[arg-type, return-value]  # the same
