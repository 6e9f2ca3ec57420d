from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from failwell.conformance.adapter import events_of
from failwell.testing import Asked, Events
from failwell.wire import Event, Reply
from scopix import (
    ChatError,
    ResourceNotFoundError,
    ScopixConnectionError,
    ScopixError,
    ServerError,
    SSEStreamError,
    ValidationError,
)
from tests.dice import dice

from .talk import Talk

Talking = Callable[..., Talk]
SENT = {"message_id": "msg_1", "events": "/api/v2/chat/sessions/chat_1/messages/msg_1/events"}
ANSWER = ["There ", "is a cat, ", "grün."]
STREAM = "GET /chat/sessions/chat_1/messages/msg_1/events"


def written(pieces: list[str], first: int = 0) -> bytes:
    """The whole of an answer on the wire, from the piece of a number on."""
    lines = [
        f"id: {number}\ndata: {json.dumps({'delta': piece}, ensure_ascii=False)}\n\n"
        for number, piece in enumerate(pieces, 1)
        if number > first
    ]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def replayed(asked: Asked) -> Events:
    """The rest of the answer, as the server replays it."""
    return Events(written(ANSWER, int(asked.headers.get("last-event-id", "0"))))


def asking(client: Any) -> Any:
    """Ask, and read the whole answer."""
    return client.chat.ask("chat_1", "What is there?")


def streaming(client: Any) -> Any:
    """Ask, and give the pieces as a list."""
    return events_of(client.chat.stream("chat_1", "What is there?"))


def test_ask(talk: Talking) -> None:
    """
    `ask` sends the question with a key, and returns the whole answer.
    """
    talking = talk(SENT, Events(written(ANSWER)))
    assert "There is a cat, grün." == talking.ask(asking)

    assert ["POST /chat/sessions/chat_1/messages", STREAM] == talking.asked
    assert {"content": "What is there?"} == talking.sent.requests[0].json
    assert (True, None) == (talking.keys[0] is not None, talking.keys[1])


def test_stream(talk: Talking) -> None:
    """
    `stream` gives the pieces; `answer` those of a message that was sent before, also to another process.
    """
    assert ANSWER == talk(SENT, Events(written(ANSWER))).ask(streaming)
    assert ANSWER == talk(Events(written(ANSWER))).ask(lambda client: events_of(client.chat.answer("chat_1", "msg_1")))


def test_cut_at_every_byte(talk: Talking) -> None:
    """
    R13. An answer that is cut at any byte is asked for again from the last piece on: each arrives exactly once.
    """
    for cut in range(len(written(ANSWER))):
        talking = talk(SENT, Events(written(ANSWER)[:cut], ConnectionError), then=replayed)
        assert (cut, ANSWER) == (cut, talking.ask(streaming))


def test_thousand_cuts(talk: Talking) -> None:
    """
    R13. Over 1,000 random cuts each piece of an answer arrives exactly once.
    """
    cuts = dice("a thousand cuts of an answer")
    long = [f"{number} grün " for number in range(2500)]
    left = 1000

    def cut(asked: Asked) -> Events:
        nonlocal left
        after, left = int(asked.headers.get("last-event-id", "0")), left - 1
        if left < 0:
            return Events(written(long, after))
        return Events(written(long[: after + 9], after)[: cuts.randrange(200)], ConnectionError)

    talking = talk(SENT, then=cut)
    assert long == talking.ask(streaming, max_retries=100)
    assert 1002 == len(talking.asked)


CUT = Events(written(ANSWER)[:45], ConnectionError)


@pytest.mark.parametrize(
    ("answers", "then", "asked"),
    [((CUT,), "network", 5), ((), CUT, 4), ((CUT, CUT), 503, 6)],
    ids=["no connection", "cut again", "a failing server"],
)
@pytest.mark.parametrize("call", [asking, streaming], ids=["ask", "stream"])
def test_reconnection_that_fails(
    talk: Talking, answers: tuple[Any, ...], then: Any, asked: int, call: Callable[[Any], Any]
) -> None:
    """
    SSEStreamError comes only when reconnecting failed as often as calls are repeated.
    """
    talking = talk(SENT, *answers, then=then)
    with pytest.raises(ServerError if then == 503 else SSEStreamError) as caught:
        talking.ask(call)

    assert ([STREAM] * asked, "1") == (talking.asked[1:], caught.value.last_event_id)
    assert then == 503 or caught.value.code == "SSE_STREAM_ERROR"


def test_no_connection_at_all(talk: Talking) -> None:
    """
    A stream that never began is a connection that failed, as for any call.
    """
    with pytest.raises(ScopixConnectionError):
        talk(SENT, then="network").ask(asking)


@pytest.mark.parametrize(
    ("told", "code", "session"),
    [
        (
            {"code": "NO_CONTENT", "message": "Nothing to answer from.", "details": {"session_id": "chat_1"}},
            "NO_CONTENT",
            "chat_1",
        ),
        ({"code": "NO_CONTENT", "message": "Nothing to answer from."}, "NO_CONTENT", "chat_1"),
        ({"code": "MODEL_TIRED", "message": "It sleeps."}, "MODEL_TIRED", "chat_1"),
        ({"code": "CHAT_ERROR", "message": "It broke."}, "CHAT_ERROR", "chat_1"),
        ({"code": "CONFLICT", "message": "It is gone."}, "CONFLICT", "chat_1"),
    ],
    ids=["documented", "without details", "unknown", "general", "of another resource"],
)
@pytest.mark.parametrize("call", [asking, streaming], ids=["ask", "stream"])
def test_an_error_in_the_stream(
    talk: Talking, told: dict[str, Any], code: str, session: str, call: Callable[[Any], Any]
) -> None:
    """
    An error that the stream tells of is a ChatError with its code, also one that nobody declared; and no status.
    """
    event = Event("error", json.dumps({"error": told}), "")
    with pytest.raises(ChatError) as caught:
        talk(SENT, Events(b'id: 1\ndata: {"delta": "There"}\n\n', event)).ask(call)

    error = caught.value
    assert (code, told["message"], session) == (error.code, error.message, error.session_id)
    assert (None, None) == (error.status_code, error.known_status)
    assert ({"session_id": session}, 1) == (error.details, len(error.attempts))


def test_a_session_that_is_busy(talk: Talking) -> None:
    """
    A session that still answers is a ChatError with the code SESSION_BUSY, and is not asked again.
    """
    busy = ChatError("It still answers.", session_id="chat_1", error_code="SESSION_BUSY")
    talking = talk(busy)
    with pytest.raises(ChatError) as caught:
        talking.ask(asking)

    assert ("SESSION_BUSY", {"session_id": "chat_1"}) == (caught.value.code, caught.value.details)
    assert ["POST /chat/sessions/chat_1/messages"] == talking.asked


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ValidationError("content is blank."), ValidationError),
        (404, ResourceNotFoundError),
        (ServerError, ServerError),
        (Reply(200, {"content-type": "text/html"}, b"<p>"), ServerError),
    ],
    ids=["422", "404", "5xx", "unreadable"],
)
def test_other_errors(talk: Talking, answer: Any, kind: type[ScopixError]) -> None:
    """
    What else goes wrong is what it is everywhere.
    """
    with pytest.raises(kind):
        talk(answer).ask(asking, max_retries=0)


def test_a_missing_session_is_named(talk: Talking) -> None:
    """
    A session that is not there is named, also where the server does not say which.
    """
    with pytest.raises(ResourceNotFoundError) as caught:
        talk(Reply(404, {}, b'{"detail": "Not found"}')).ask(lambda client: client.chat.get_session("chat_9"))

    assert {"resource_type": "session", "resource_id": "chat_9"} == caught.value.details
    assert "Not found" == caught.value.message


def test_sessions(talk: Talking) -> None:
    """
    Sessions are opened, listed, read and deleted.
    """
    session = {"id": "chat_1", "title": None, "created_at": "2026-01-01T00:00:00Z"}
    said = {"id": "msg_1", "role": "user", "content": "Hi", "created_at": "2026-01-01T00:00:00Z"}
    calls: list[tuple[Callable[[Any], Any], Any, str]] = [
        (lambda client: client.chat.create_session(), session, "POST /chat/sessions"),
        (lambda client: client.chat.list_sessions(limit=2), {"data": [session]}, "GET /chat/sessions"),
        (lambda client: client.chat.get_session("chat_1"), session, "GET /chat/sessions/chat_1"),
        (lambda client: client.chat.messages("chat_1"), {"data": [said]}, "GET /chat/sessions/chat_1/messages"),
        (lambda client: client.chat.delete_session("chat_1"), None, "DELETE /chat/sessions/chat_1"),
    ]
    for call, answer, expected in calls:
        talking = talk(answer)
        result = talking.ask(call)
        assert [expected] == talking.asked
        found = result[0] if isinstance(result, list) else result
        assert (answer is None) == (found is None)
        assert found is None or found.id in {"chat_1", "msg_1"}
