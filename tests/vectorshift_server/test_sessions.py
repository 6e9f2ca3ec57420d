"""Sessions: what is said and told in them, in-process, frame by frame."""

from __future__ import annotations

import base64
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from vectorshift_server.agents.sessions import MOST_UNANSWERED

from .api import Api
from .talking import talked


@contextmanager
def connected(api: Api, key: str = "member") -> Generator[WebSocketTestSession]:
    """A connection."""
    headers = {"Authorization": f"Bearer {api.served.keys[key]}"}
    with api.client.websocket_connect("/v1/ws/session", headers=headers) as socket:
        yield socket


def asked(socket: WebSocketTestSession, kind: str, **message: Any) -> Any:
    """The next frame after that of a message."""
    socket.send_json({"type": kind, **message})
    return socket.receive_json()


def opened(api: Api, **agent: Any) -> str:
    """The id of a new session with a new agent."""
    made = {"type": "create_session", "object_type": "agent", "object_id": api.agent(**agent)}
    return str(talked(api, [made])[0]["session_id"])


def whole(socket: WebSocketTestSession) -> tuple[list[str], Any]:
    """The pieces of the answer that comes, and what it is when it is whole."""
    pieces: list[str] = []
    while (told := socket.receive_json())["type"] == "message_delta":
        assert len(pieces) == told["index"]
        pieces.append(told["value"])
    assert "message_notification" == told["type"]
    return pieces, told["message"]


def test_answer(api: Api) -> None:
    """
    An answer is told piece by piece, and then whole; the history has both sides of it.
    """
    session_id = opened(api)
    with connected(api) as socket:
        assert {"type": "connect_session", "session_id": session_id, "success": True} == asked(
            socket, "connect_session", session_id=session_id
        )
        assert {"type": "post_message", "session_id": session_id, "success": True} == asked(
            socket, "post_message", session_id=session_id, content="Hello"
        )
        api.work()
        pieces, message = whole(socket)
        history = asked(socket, "get_messages", session_id=session_id)["messages"]
        assert {"type": "pong", "session_id": session_id} == asked(socket, "ping_session", session_id=session_id)
        left = asked(socket, "disconnect_session", session_id=session_id)

    said = {"type": "data_type_message", "status": "Complete", "value": "".join(pieces)}
    assert (said, "agent") == (message["content"], message["sender"]["object_type"])
    assert [{"user_id": "ada"}, message["sender"]] == [one["sender"] for one in history]
    assert ["Hello", "".join(pieces)] == [one["content"]["value"] for one in history]
    assert {"type": "disconnect_session", "session_id": session_id, "success": True} == left


def test_answer_that_fails(api: Api) -> None:
    """
    An answer that cannot be made is told as an error message, with the reason, and stays in the history.
    """
    session_id = opened(api)
    with connected(api) as socket:
        asked(socket, "connect_session", session_id=session_id)
        asked(socket, "post_message", session_id=session_id, content="responder-down")
        api.work()
        _, message = whole(socket)

    said = {"type": "error_message", "error": "The model provider is down. Ask again in a few minutes."}
    assert said == message["content"]


def test_batches_and_files(api: Api) -> None:
    """
    Several contents are one turn with one answer; a file of text is what it says.
    """
    session_id = opened(api)
    file = {"raw_bytes": base64.b64encode(b"Parcels: Mondays.").decode(), "metadata": {"name": "rules.txt"}}
    contents = ["Read this", {"type_string": "string", "value": "please"}, {"type_string": "file", "value": file}]
    with connected(api) as socket:
        asked(socket, "connect_session", session_id=session_id)
        asked(socket, "post_messages", session_id=session_id, messages=contents)
        api.work()
        _, message = whole(socket)
        history = asked(socket, "get_messages", session_id=session_id)["messages"]

    assert (
        'I have nothing to answer "Read this please rules.txt: Parcels: Mondays." from.' == message["content"]["value"]
    )
    assert 4 == len(history)


def test_resumed_after_a_drop(api: Api) -> None:
    """
    An answer that was cut by a drop, or made while nobody listened, is told whole to who joins the session again.

    What was heard to its end is not told again.
    """
    session_id = opened(api)
    join = {"type": "connect_session", "session_id": session_id}
    with connected(api) as socket:
        socket.send_json(join)
        socket.receive_json()
        asked(socket, "post_message", session_id=session_id, content="one")
        api.work()
        first = whole(socket)
        socket.close(1006)
    with connected(api) as socket:
        asked(socket, kind="connect_session", session_id=session_id)
        assert first == whole(socket)
        asked(socket, "ping_session", session_id=session_id)
        asked(socket, "post_message", session_id=session_id, content="two")
    api.work()
    with connected(api) as socket:
        asked(socket, "connect_session", session_id=session_id)
        pieces, message = whole(socket)
        socket.close(1000)

    assert 'I have nothing to answer "two" from (question 2 of this session).' == "".join(pieces)
    assert message["content"]["value"] == "".join(pieces)
    with connected(api) as socket:
        asked(socket, "connect_session", session_id=session_id)
        assert "pong" == asked(socket, "ping_session", session_id=session_id)["type"]


def test_two_listeners(api: Api) -> None:
    """
    Whoever has joined a session hears what is answered in it, whoever asked.
    """
    session_id = opened(api)
    with connected(api) as one, connected(api) as other:
        for socket in (one, other):
            asked(socket, "connect_session", session_id=session_id)
        asked(one, "post_message", session_id=session_id, content="Hello")
        api.work()

        assert whole(one) == whole(other)


def test_an_answer_goes_on_after_a_crash(api: Api) -> None:
    """
    S15. What was told of an answer before the worker died stays told: the rest comes after it.
    """
    session_id = opened(api)
    talked(api, [{"type": "post_message", "session_id": session_id, "content": "Hello"}])
    with api.store.writing() as db:
        db.execute("INSERT INTO deltas SELECT id, 0, 'I have ' FROM messages WHERE status = 'queued'")
    api.work()
    history = talked(api, [{"type": "get_messages", "session_id": session_id}])[0]["messages"]

    assert 'I have nothing to answer "Hello" from.' == history[-1]["content"]["value"]


WRONG: list[tuple[Any, str]] = [
    ("{", "A message is a JSON object, as text. This one is none."),
    ("[]", "A message is a JSON object, as text. This one is none."),
    ('{"type": "\\ud800"}', "A message is a JSON object, as text. This one is none."),
    ('{"type": NaN}', "A message is a JSON object, as text. This one is none."),
    ({}, 'There is no message "".'),
    ({"type": ["x"]}, "There is no message \"['x']\"."),
    ({"type": "create_session", "object_type": "chatbot", "object_id": "x"}, 'an "object_type" of "agent"'),
    ({"type": "create_session", "object_type": "agent"}, 'The message has no "object_id"'),
    ({"type": "connect_session", "session_id": 5}, 'The message has no "session_id"'),
    ({"type": "post_message", "session_id": "SESSION"}, 'A content of the type "NoneType" is empty, or no text.'),
    ({"type": "post_message", "session_id": "SESSION", "content": " "}, 'the type "string" is empty'),
    ({"type": "post_message", "session_id": "SESSION", "content": "x" * 100_001}, "100,001 characters, and may have"),
    ({"type": "post_messages", "session_id": "SESSION", "messages": []}, "The message has no content."),
    (
        {
            "type": "post_message",
            "session_id": "SESSION",
            "content": {"type_string": "file", "value": {"raw_bytes": "/w==", "metadata": {"name": "a.png"}}},
        },
        'The file "a.png" is no text in UTF-8.',
    ),
    (
        {"type": "post_message", "session_id": "SESSION", "content": {"type_string": "audio", "value": "x"}},
        'the type "audio"',
    ),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_messages_that_are_none(api: Api, number: int) -> None:
    """
    A message that cannot be meant is answered with the reason, nothing is kept of it, and the session goes on.
    """
    message, said = WRONG[number]
    session_id = opened(api)
    if isinstance(message, dict) and message.get("session_id") == "SESSION":
        message = {**message, "session_id": session_id}

    answer, pong, history = talked(
        api,
        [message, *({"type": kind, "session_id": session_id} for kind in ("ping_session", "get_messages"))],
    )

    assert said in answer["error"]
    assert answer["type"] == "error" or answer["success"] is False
    assert ("pong", []) == (pong["type"], history["messages"])


def test_most_unanswered(api: Api) -> None:
    """
    A session may have so many messages that wait for their answers, and no more.
    """
    post = {"type": "post_message", "session_id": opened(api), "content": "Hello"}

    *good, refused = talked(api, [post] * (MOST_UNANSWERED + 1))

    assert {True} == {answer["success"] for answer in good}
    assert f"{MOST_UNANSWERED} messages of this session wait for their answers." in refused["error"]


def test_no_worker(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A message that nobody could answer is not taken: the reason is told in the session.
    """
    from failwell.server import JobsDownError

    def down() -> None:
        raise JobsDownError("/data", "it broke")

    monkeypatch.setattr(api.jobs, "admit", down)
    [answer] = talked(api, [{"type": "post_message", "session_id": opened(api), "content": "Hello"}])

    assert (False, True) == (answer["success"], "cannot be started at the moment" in answer["error"])


@pytest.mark.parametrize("key", ["revoked", "expired"])
def test_refused_handshakes(api: Api, key: str) -> None:
    """
    No websocket for a key that does not hold.
    """
    with pytest.raises(WebSocketDisconnect), connected(api, key):
        pass


def test_viewers_talk_to_nobody(api: Api) -> None:
    """
    A key that may only read makes no session.
    """
    made = {"type": "create_session", "object_type": "agent", "object_id": api.agent()}

    assert 'lacks the scope "run"' in talked(api, [made], "viewer")[0]["error"]
