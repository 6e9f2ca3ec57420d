"""`/chat/sessions`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from failwell.server import (
    CurrentCaller,
    CurrentWriter,
    EventStreamResponse,
    Offset,
    PageLimit,
    PageReply,
    SubmissionKey,
    follow,
)
from scopix_server.chats.answers import telling, told
from scopix_server.chats.sessions import (
    Message,
    NewMessage,
    NewSession,
    Session,
    ask,
    create_session,
    delete_session,
    find_answer,
    get_session,
    list_messages,
    list_sessions,
)
from scopix_server.rejections import refuse_field
from scopix_server.services import Parts, Services

router = APIRouter(prefix="/chat/sessions", tags=["chat"])


class Accepted(BaseModel):
    """Where the answer to a message is told."""

    message_id: str
    events: str


@router.post("", operation_id="chat.create_session", status_code=201)
def create(caller: CurrentWriter, parts: Parts, body: NewSession, key: SubmissionKey) -> Session:
    """Open a session."""
    return create_session(parts.store, parts.clock, caller.tenant, body, key)


@router.get("", operation_id="chat.list_sessions")
def list_(caller: CurrentCaller, parts: Parts, limit: PageLimit = 100, offset: Offset = 0) -> PageReply[Session]:
    """List the sessions of the account, newest first."""
    data, pagination = list_sessions(parts.store, caller.tenant, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.get("/{session_id}", operation_id="chat.get_session")
def get(caller: CurrentCaller, parts: Parts, session_id: str) -> Session:
    """Get a session by its id."""
    return get_session(parts.store, caller.tenant, session_id)


@router.delete("/{session_id}", operation_id="chat.delete_session", status_code=204)
def delete(caller: CurrentWriter, parts: Parts, session_id: str, key: SubmissionKey) -> Response:
    """Delete a session with its messages."""
    delete_session(parts.store, parts.clock, caller.tenant, session_id, key)
    return Response(status_code=204)


@router.get("/{session_id}/messages", operation_id="chat.messages")
def messages(
    caller: CurrentCaller, parts: Parts, session_id: str, limit: PageLimit = 100, offset: Offset = 0
) -> PageReply[Message]:
    """List the messages of a session, oldest first."""
    data, pagination = list_messages(parts.store, caller.tenant, session_id, limit=limit, offset=offset)
    return PageReply(data=data, pagination=pagination)


@router.post("/{session_id}/messages", operation_id="chat.send", status_code=202)
def send(
    caller: CurrentWriter, parts: Parts, request: Request, *, session_id: str, body: NewMessage, key: SubmissionKey
) -> Accepted:
    """Ask something; the answer is made after this one, and told as events."""
    parts.admit("Answers")
    message_id = ask(parts.store, parts.clock, tenant=caller.tenant, session_id=session_id, new=body, key=key)
    parts.jobs.nudge()
    return Accepted(message_id=message_id, events=f"{request.url.path}/{message_id}/events")


@router.get("/{session_id}/messages/{message_id}/events", operation_id="chat.stream")
async def events(
    caller: CurrentCaller,
    parts: Parts,
    session_id: str,
    message_id: str,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> EventStreamResponse:
    """Tell an answer as it comes; from the event after `Last-Event-ID` on, as often as one likes."""
    await run_in_threadpool(_check, parts, caller.tenant, session_id, message_id, last_event_id)
    look = telling(parts.store, session_id, message_id, last_event_id)
    return EventStreamResponse(follow(look, heartbeat=parts.settings.heartbeat))


def _check(parts: Services, tenant: str, session_id: str, message_id: str, last_event_id: int) -> None:
    with parts.store.reading() as db:
        last = told(db, find_answer(db, tenant, session_id, message_id))
    if last_event_id > last:
        refuse_field(["header", "last-event-id"], f"The last event of this answer is {last}", "unknown_event")
