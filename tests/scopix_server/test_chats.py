"""Chats: sessions, messages, and answers."""

from __future__ import annotations

from typing import Any

import pytest

from failwell.server import immediately
from failwell.wire.sse import Decoder
from scopix_server.chats.answers import Answering
from scopix_server.engine.responder import Embedded
from scopix_server.store import Store

from .api import Api, detail, error, forget_answers
from .test_documents import HOUSE, document


def chat(api: Api, key: str = "member", **body: Any) -> str:
    """The id of a new session."""
    answer = api.send("POST", "/chat/sessions", key, json=body)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


def ask(api: Api, session_id: str, content: Any = "What are the roofs made of?", **more: Any) -> Any:
    """Send a message; the answer of the server."""
    return api.send("POST", f"/chat/sessions/{session_id}/messages", json={"content": content}, **more)


def events(api: Api, path: str, after: str = "") -> list[tuple[str, str, str]]:
    """The events at *path*, each with its name, data and id."""
    headers = {"Last-Event-ID": after} if after else {}
    answer = api.send("GET", path.removeprefix("/api/v2"), headers=headers)
    assert (200, "text/event-stream; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    return [(event.name, event.data, event.id) for event in Decoder().feed(answer.content)]


def test_answered(api: Api) -> None:
    """
    A message is accepted at once; its answer quotes the account's documents, and stands in the messages afterwards.
    """
    document(api, HOUSE)
    session_id = chat(api, title="About the house")
    accepted = ask(api, session_id)
    message_id = accepted.json()["message_id"]
    path = f"/api/v2/chat/sessions/{session_id}/messages/{message_id}/events"
    assert (202, {"message_id": message_id, "events": path}) == (accepted.status_code, accepted.json())

    api.work()

    told = events(api, path)
    quoted = '"Its roofs are made of slate." (house.txt)'
    assert [("message", '{"delta":"\\"Its "}', "1"), ("message", '{"delta":"roofs "}', "2")] == told[:2]
    assert ("message", "[DONE]", "8") == told[-1]
    listed = api.get(f"/chat/sessions/{session_id}/messages")["data"]
    assert [("user", "What are the roofs made of?"), ("assistant", quoted)] == [
        (message["role"], message["content"]) for message in listed
    ]
    assert message_id == listed[1]["id"]


def test_descriptions_are_answered_from(api: Api) -> None:
    """
    An answer quotes what was said of an image, too; never what another account has.
    """
    api.upload(filename="cat.png")
    document(api, b"A picture of slate pixels.", "foreign.txt", "other")
    api.work()
    session_id = chat(api)
    path = ask(api, session_id, "How many pixels are in cat.png?").json()["events"]
    api.work()

    told = "".join(data for _, data, _ in events(api, path))
    assert ("32 " in told, "foreign" in told) == (True, False)


def test_nothing_to_answer_from(api: Api) -> None:
    """
    An account with neither descriptions nor documents gets NO_CONTENT, as the last event; asking again is possible.
    """
    session_id = chat(api, "full")
    for _ in range(2):
        accepted = ask(api, session_id, key="full").json()
        with api.store.writing() as db:
            db.execute(
                "DELETE FROM files WHERE tenant = (SELECT tenant FROM chat_sessions WHERE id = ?)", (session_id,)
            )
        api.work()
        answer = api.send("GET", accepted["events"].removeprefix("/api/v2"), "full")
        (event,) = Decoder().feed(answer.content)
        assert ("error", "1") == (event.name, event.id)
        assert '{"error":{"code":"NO_CONTENT","message":"There is nothing to answer from.' in event.data
        assert f'"details":{{"session_id":"{session_id}"}}' in event.data


def test_nothing_found_is_an_answer(api: Api) -> None:
    """
    Where there is something to answer from, and nothing about the question, the answer says that.
    """
    document(api, HOUSE)
    path = ask(api, chat(api), "Who is Ada?").json()["events"]
    api.work()

    told = "".join(data for _, data, _ in events(api, path))
    assert "Nothing " in told


def test_responder_down(api: Api) -> None:
    """
    An answer that cannot be made ends with an error event; the next one is made.
    """
    document(api, HOUSE)
    session_id = chat(api)
    path = ask(api, session_id, "Please responder-down").json()["events"]
    api.work()

    assert [("error", "1")] == [(name, number) for name, _, number in events(api, path)]
    assert "CHAT_ERROR" in events(api, path)[0][1]
    assert 202 == ask(api, session_id).status_code


def test_busy(api: Api) -> None:
    """
    A session that is still answering refuses the next message; another session does not.
    """
    document(api, HOUSE)
    session_id = chat(api)
    ask(api, session_id)
    refused = ask(api, session_id)

    assert (409, "detail", "SESSION_BUSY") == error(refused)
    assert {"session_id": session_id} == detail(refused)
    assert 202 == ask(api, chat(api)).status_code
    api.work()
    assert 202 == ask(api, session_id).status_code


@pytest.mark.parametrize("after", range(9))
def test_replayed(api: Api, after: int) -> None:
    """
    After any event, the stream goes on with the next: nothing is lost, and nothing told twice.
    """
    document(api, HOUSE)
    path = ask(api, chat(api)).json()["events"]
    api.work()
    whole = events(api, path)

    assert whole[after:] == events(api, path, str(after))


@pytest.mark.parametrize("after", ["9", "-1", "x", "1.5", "99999999999999999999"])
def test_bad_event_id(api: Api, after: str) -> None:
    """
    An event that the answer does not have is a 422 that names the header.
    """
    document(api, HOUSE)
    path = ask(api, chat(api)).json()["events"].removeprefix("/api/v2")
    api.work()
    answer = api.send("GET", path, headers={"Last-Event-ID": after})

    assert (422, "detail", "VALIDATION_ERROR") == error(answer)
    assert "last-event-id" in answer.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n"}, "content"),
        ({"content": 7}, "content"),
        ({"content": "x" * 10_001}, "content"),
        ({}, "content"),
        ({"content": "x", "more": 1}, "more"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_bad_message(api: Api, body: Any, field: str) -> None:
    """
    A message without words, or of another type, is a 422 that names the field.
    """
    answer = api.send("POST", f"/chat/sessions/{chat(api)}/messages", json=body)

    assert (422, "detail", "VALIDATION_ERROR") == error(answer)
    assert field in answer.text


def test_asked_once(api: Api) -> None:
    """
    A repeated key is the same message, even if the server died before it kept its answer.
    """
    document(api, HOUSE)
    session_id = chat(api)
    first = ask(api, session_id, headers={"Idempotency-Key": "k"}).json()
    forget_answers(api)

    assert first == ask(api, session_id, headers={"Idempotency-Key": "k"}).json()
    assert 2 == len(api.get(f"/chat/sessions/{session_id}/messages")["data"])


def test_sessions(api: Api) -> None:
    """
    Sessions are listed newest first, and deleted with their messages.
    """
    one, other = chat(api, title="One"), chat(api)
    ask(api, one)

    assert [other, one] == [session["id"] for session in api.get("/chat/sessions")["data"]]
    assert ("One", None) == tuple(api.get(f"/chat/sessions/{name}")["title"] for name in (one, other))
    assert 204 == api.send("DELETE", f"/chat/sessions/{one}").status_code
    assert [404, 404] == [api.send(method, f"/chat/sessions/{one}").status_code for method in ("GET", "DELETE")]
    assert [other] == [session["id"] for session in api.get("/chat/sessions")["data"]]
    api.work()
    with api.store.reading() as db:
        assert 0 == db.execute("SELECT count(*) FROM chat_messages").fetchone()[0]


def test_opened_and_deleted_once(api: Api) -> None:
    """
    A repeated key opens one session, and deletes it once, even if the server died before it kept its answers.
    """
    keyed: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}}
    first = api.send("POST", "/chat/sessions", json={}, **keyed).json()
    forget_answers(api)
    assert first == api.send("POST", "/chat/sessions", json={}, **keyed).json()

    path = f"/chat/sessions/{first['id']}"
    one = api.send("DELETE", path, **keyed)
    forget_answers(api)
    assert [204, 204, 404] == [
        answer.status_code for answer in (one, api.send("DELETE", path, **keyed), api.send("GET", path))
    ]


def test_interrupted(api: Api) -> None:
    """
    An answer that was interrupted after any of its pieces goes on with the next, and is the same in the end.
    """
    document(api, HOUSE)
    expected: list[Any] = []
    for stop in range(8):
        path = ask(api, chat(api)).json()["events"]
        message_id = path.split("/")[-2]
        dying: Any = Dying(api.store, stop)
        answering = Answering(dying, api.services.settings, Embedded(api.services.settings))
        with pytest.raises(InterruptedError):
            answering.run(immediately, message_id)
        api.work()
        expected.append(events(api, path))

    assert [expected[0]] * 8 == expected


class Dying:
    """A store whose process dies before it keeps the piece of that number."""

    def __init__(self, store: Store, stop: int) -> None:
        self._store = store
        self._left = stop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def writing(self) -> Any:
        """The transaction that keeps a piece."""
        self._left -= 1
        if self._left < 0:
            raise InterruptedError
        return self._store.writing()
