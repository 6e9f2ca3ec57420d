"""Websocket sessions that a script plays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any

import anyio
import pytest

from failwell.clock import VirtualClock
from failwell.policy import SessionRules
from failwell.testing import BadReplyError, Messages, NoMessageError, replies
from failwell.wire.messages import Failure
from tests.client.colours import every_colour
from tests.client.talks import (
    ChatError,
    Chats,
    DisconnectedError,
    LineError,
    NoSuchAgentError,
    SlowError,
    SpoiltError,
    core,
    everything,
)

Steps = Callable[[Any], Generator[Any, Any, Any]]
PINGING = SessionRules(ping_every=20.0, pong_within=5.0)


def talk(
    colour: str, steps: Steps, *answers: object, ask: Callable[[Any], Any] = lambda chats: chats.plain("/x")
) -> Any:
    """What *steps* return in a session that is answered with *answers*, what the client said, and the waits."""
    clock = VirtualClock()
    engine = core("http://chat.invalid", awaiting=colour != "blocking", clock=clock)

    def blocking() -> Any:
        with ask(Chats(engine)) as session:
            taken, result = steps(session), None
            while True:
                try:
                    result = taken.send(result)
                except StopIteration as stop:
                    return stop.value

    async def awaiting() -> Any:
        async with ask(Chats(engine)) as session:
            taken, result = steps(session), None
            while True:
                try:
                    result = await taken.send(result)
                except StopIteration as stop:
                    return stop.value

    with replies(engine, *answers) as sent:
        returned = blocking() if colour == "blocking" else anyio.run(awaiting, backend=colour)
    return returned, sent.messages, clock.now()


def listen(session: Any) -> Generator[Any, Any, Any]:
    """All messages; the error that ends them, if any, comes last."""
    return (yield everything(session))


@every_colour
def test_messages_are_given(colour: str) -> None:
    """
    Text, bytes and JSON come in their order, whatever the client says; behind the last the server closes.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("one")
        yield session.send(b"two")
        return (yield from listen(session))

    heard, said, _ = talk(colour, steps, Messages("a", b"b", {"c": 1}, ["d"], close=1000))

    assert ["a", b"b", '{"c": 1}', '["d"]'] == heard
    assert ["one", b"two"] == said


@every_colour
def test_functions_answer(colour: str) -> None:
    """
    A function hears the client's next message, once there is one, and says something, several things, or nothing.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        for number in range(4):
            yield session.send(f'{{"n": {number}}}')
        return (yield from listen(session))

    script = Messages(
        "first",
        lambda said: {"got": said["n"]},
        lambda said: (f"{said['n']}a", f"{said['n']}b", lambda later: f"later {later['n']}"),
        lambda _said: None,
        close=1000,
    )
    heard, said, _ = talk(colour, steps, script)

    assert ["first", '{"got": 0}', "1a", "1b", "later 2"] == heard
    assert [{"n": number} for number in range(4)] == said


@every_colour
def test_a_handler_begins_and_ends(colour: str) -> None:
    """
    What the SDK says at the start and at the end of a session is played and recorded like any message.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("Hello")
        return (yield session.receive())

    def created(said: Any) -> object:
        return {"session_id": f"s-{said['object_id']}"}

    script = Messages(created, lambda _joins: None, lambda said: {"content": said["content"].upper()})
    heard, said, _ = talk(colour, steps, {"path": "/agent"}, script, ask=lambda chats: chats.agent())

    assert "HELLO" == heard
    assert ["create_session", "connect_session", "post_message", "disconnect_session"] == [one["type"] for one in said]
    assert {"s-a1"} == {one["session_id"] for one in said[1:]}


@pytest.mark.parametrize(
    ("script", "heard", "kind", "code"),
    [
        (Messages("a", close=1011, reason="Busy."), ["a"], DisconnectedError, 1011),
        (Messages("a", close=4404), ["a"], DisconnectedError, 4404),
        (Messages("a", ConnectionResetError), ["a"], DisconnectedError, 1006),
        (Messages("a", ConnectionError(), "never said"), ["a"], DisconnectedError, 1006),
        (Messages("a", LineError), ["a"], DisconnectedError, 1006),
        (Messages(Failure("unreadable", "no frame")), [], DisconnectedError, 1006),
        (Messages(TimeoutError), [], DisconnectedError, 1006),
        (Messages("a", TimeoutError, close=1000), ["a"], None, None),
        (Messages("a", close=1000), ["a"], None, None),
    ],
)
@every_colour
def test_ends(colour: str, script: Messages, heard: list[str], kind: type[ChatError] | None, code: int | None) -> None:
    """
    A close, a break and a silence end a session as those of a server do.
    """
    found, _, _ = talk(colour, listen, script, ask=lambda chats: chats.plain("/x", PINGING))

    error = found.pop() if kind is not None else None
    assert (heard, kind) == (found, None if error is None else type(error))
    assert code == getattr(error, "close_code", None)
    assert script.reason == (getattr(error, "close_reason", "") or "")


@every_colour
def test_errors_in_a_session(colour: str) -> None:
    """
    An error of the contract is told in a message, and the session goes on.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        told = yield everything(session)
        return told, (yield session.receive())

    rules = SessionRules(ping_every=None, error_field="error")
    (told, after), _, _ = talk(
        colour, steps, Messages(SpoiltError("No."), "after"), ask=lambda chats: chats.plain("/x", rules)
    )

    assert [(SpoiltError, "No.")] == [(type(error), error.message) for error in told]
    assert "after" == after


@every_colour
def test_waits_in_vain(colour: str) -> None:
    """
    A wait in which nothing comes takes its time on the virtual clock, and the session goes on.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("one")
        return (yield everything(session))

    heard, said, moment = talk(
        colour, steps, Messages(TimeoutError, "late", close=1000), ask=lambda chats: chats.plain("/x", PINGING)
    )
    assert (["late"], ["one"], 20.0) == (heard, said, moment)


def test_receive_with_a_timeout() -> None:
    """
    Who waits for no longer than some seconds is told so after these, and then goes on.
    """
    engine = core("http://chat.invalid", clock=VirtualClock())
    with replies(engine, Messages(TimeoutError, "late")) as sent, Chats(engine).plain("/x") as session:
        with pytest.raises(SlowError):
            session.receive(7.0)
        assert 7.0 == sent.clock.now()
        assert "late" == session.receive(7.0)


@every_colour
def test_what_was_not_sent(colour: str) -> None:
    """
    Who sends to a server that is gone is told at once, with the message on the error.
    """

    def steps(session: Any) -> Generator[Any, Any, Any]:
        yield session.send("one")
        assert "a" == (yield session.receive())
        yield session.send("two")

    with pytest.raises(DisconnectedError) as caught:
        talk(colour, steps, Messages("a", ConnectionError))

    assert ("two",) == caught.value.unsent


@every_colour
def test_refused(colour: str) -> None:
    """
    A handshake is refused like any request, and retried like one.
    """
    with pytest.raises(NoSuchAgentError):
        talk(colour, listen, NoSuchAgentError("None."))
    assert ["a"] == talk(colour, listen, 503, Messages("a", close=1000))[0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Messages("a"), "waits for a message, and the 1 of its script were given"),
        (Messages("a", lambda said: said), "whose script waits for one of the client"),
    ],
)
@every_colour
def test_nothing_left(colour: str, script: Messages, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Who waits for a message that the script has not is told what to give, and does not hang.
    """
    monkeypatch.setattr("failwell.testing.transport.PATIENCE", 0.01)
    with pytest.raises(NoMessageError, match=words):
        talk(colour, listen, script)


@pytest.mark.parametrize("item", [object(), {"a": object()}, SlowError("Slow.").with_case])
def test_no_message(item: object) -> None:
    """
    What is no message is told before anything is asked, what a function returns when it did.
    """
    engine = core("http://chat.invalid")
    if not callable(item):
        with pytest.raises(BadReplyError, match="Reply 1"):
            replies(engine, Messages(item))
    with replies(engine, Messages(lambda _said: object())), Chats(engine).plain("/x") as session:
        session.send("a")
        with pytest.raises(BadReplyError, match="Reply 1"):
            session.receive()


def test_a_session_for_a_plain_call() -> None:
    """
    A call that opens no session cannot be answered by one.
    """
    engine = core("http://chat.invalid")
    with replies(engine, Messages("a")), pytest.raises(BadReplyError, match="opens none"):
        Chats(engine).ping()


def test_a_session_after_a_drop() -> None:
    """
    The session that follows a drop is what the next reply plays; the wait before it takes no time.
    """
    engine, heard = core("http://chat.invalid", clock=VirtualClock()), list[Any]()
    with (
        replies(engine, Messages("a", close=1012), 503, Messages("b", close=1000)) as sent,
        Chats(engine).plain("/x") as session,
    ):
        session.on_reconnect(lambda renewed, unsent: renewed.send(f"again, without {len(unsent)}"))
        heard.extend(session)

    assert (["a", "b"], ["again, without 0"]) == (heard, sent.messages)
    assert [1.0, 1.0] == sent.waits


def test_one_thread_listens() -> None:
    """
    A thread that waits gets what another one asks for.
    """
    engine, heard = core("http://chat.invalid"), list[Any]()
    with replies(engine, Messages(lambda said: f"{said}!", close=1000)), Chats(engine).plain("/x") as session:
        thread = threading.Thread(target=lambda: heard.extend(session))
        thread.start()
        session.send("now")
        thread.join(5.0)

    assert ["now!"] == heard


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_task_listens(backend: str) -> None:
    """
    A task that waits gets what another one asks for.
    """
    engine = core("http://chat.invalid", awaiting=True)
    ask: Any = Chats(engine)
    heard: list[Any] = []

    async def main() -> None:
        async with ask.plain("/x") as session, anyio.create_task_group() as group:

            async def hear() -> None:
                heard.append(await session.receive())

            group.start_soon(hear)
            await anyio.wait_all_tasks_blocked()
            await session.send("now")

    with replies(engine, Messages(lambda said: f"{said}!")):
        anyio.run(main, backend=backend)

    assert ["now!"] == heard
