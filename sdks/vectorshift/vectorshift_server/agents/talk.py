"""The conversation in a websocket: what a client says, and what it is told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from fastapi import WebSocket, WebSocketDisconnect

from failwell.server import shorten
from vectorshift.exceptions import BadRequestError, VectorshiftError
from vectorshift_server.access import User
from vectorshift_server.agents import sessions
from vectorshift_server.agents.contents import texts_of
from vectorshift_server.agents.telling import note_told, telling
from vectorshift_server.pipelines.values import checked
from vectorshift_server.services import Services

BUSY, IDLE = 0.02, 1.0
"""Seconds between two looks for something to tell: while an answer is made, and while there is none."""

CLEAN = (1000, 1001)
"""Codes with which a client leaves in good order: it has heard what it wanted to hear."""

Message = dict[str, Any]


@dataclass
class _Joined:
    """A session that is listened to: *scope* ends that, *woken* says that there is something to look for."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    woken: anyio.Event = field(default_factory=anyio.Event)


class Talk:
    """One connection of *user*, in which any number of sessions are talked in."""

    def __init__(self, socket: WebSocket, parts: Services, user: User) -> None:
        self._socket = socket
        self._parts = parts
        self._user = user
        self._joined: dict[str, _Joined] = {}
        self._sent: list[str] = []
        self._turn = anyio.Lock()
        self._beside = anyio.create_task_group()
        self._handlers: Mapping[str, Callable[[str, Message], Awaitable[None]]] = {
            "create_session": self._create,
            "connect_session": self._connect,
            "post_message": self._post,
            "post_messages": self._post,
            "get_messages": self._messages,
            "ping_session": self._ping,
            "disconnect_session": self._leave,
            "terminate_session": self._leave,
        }

    async def run(self) -> None:
        """Talk until the client leaves."""
        await self._socket.accept()
        async with self._beside:
            while (message := await self._socket.receive())["type"] == "websocket.receive":
                await self._heard()
                await self._answer(message.get("text"))
            if message.get("code") in CLEAN:
                await self._heard()
            self._beside.cancel_scope.cancel()

    async def _heard(self) -> None:
        """Note that what was sent has arrived: the client is still there. What was sent before a drop is sent again."""
        while self._sent:
            await to_thread.run_sync(note_told, self._parts.store, self._sent.pop())

    async def _answer(self, text: str | None) -> None:
        """Do what a frame asks for, or say why not."""
        kind, message = "", {}
        try:
            message = _object(text)
            kind = shorten(str(message.get("type", "")))
            if kind not in self._handlers:
                raise BadRequestError(f'There is no message "{kind}". There are: {", ".join(self._handlers)}.')
            await self._handlers[kind](kind, message)
        except VectorshiftError as problem:
            said: Message = {"error": problem.message, "request_type": kind}
            if kind in {"connect_session", "post_message", "post_messages"}:
                said = {"success": False, "session_id": shorten(str(message.get("session_id", ""))), **said}
                await self._say(kind, **said)
            else:
                await self._say("error", **said)

    async def _create(self, _: str, message: Message) -> None:
        if message.get("object_type") != "agent":
            raise BadRequestError('A session is made with an "object_type" of "agent", and with its "object_id".')
        agent_id = _text(message, "object_id")
        create = partial(sessions.create, self._parts.store, self._parts.clock, self._user, agent_id)
        await self._say("session_created", session_id=await to_thread.run_sync(create))

    async def _connect(self, kind: str, message: Message) -> None:
        session_id = _text(message, "session_id")
        after = await to_thread.run_sync(sessions.join, self._parts.store, self._user, session_id)
        await self._say(kind, session_id=session_id, success=True)
        if session_id not in self._joined:
            self._joined[session_id] = joined = _Joined()
            self._beside.start_soon(self._follow, session_id, after, joined)

    async def _post(self, kind: str, message: Message) -> None:
        session_id = _text(message, "session_id")
        contents = message.get("messages") if kind == "post_messages" else [message.get("content")]
        texts = texts_of(contents, self._parts.settings.message_characters)
        self._parts.admit("Answers")
        post = partial(sessions.post, self._parts.store, self._parts.clock, self._user, session_id, texts)
        await to_thread.run_sync(post)
        self._parts.jobs.nudge()
        await self._say(kind, session_id=session_id, success=True)
        if session_id in self._joined:
            self._joined[session_id].woken.set()

    async def _messages(self, kind: str, message: Message) -> None:
        session_id = _text(message, "session_id")
        found = await to_thread.run_sync(sessions.history, self._parts.store, self._user, session_id)
        await self._say(kind, session_id=session_id, messages=found)

    async def _ping(self, _: str, message: Message) -> None:
        await self._say("pong", session_id=_text(message, "session_id"))

    async def _leave(self, kind: str, message: Message) -> None:
        session_id = _text(message, "session_id")
        if (joined := self._joined.pop(session_id, None)) is not None:
            joined.scope.cancel()
        await self._say(kind, session_id=session_id, success=True)

    async def _follow(self, session_id: str, after: int, joined: _Joined) -> None:
        """Tell the answers of a session as they are made, until it is left."""
        look = telling(self._parts.store, session_id, after)
        with joined.scope:
            while True:
                found, busy = await to_thread.run_sync(look)
                for message in found:
                    await self._say(**message)
                    if message["type"] == "message_notification":
                        self._sent.append(message["message_id"])
                if busy:
                    await anyio.sleep(0 if found else BUSY)
                    continue
                with anyio.move_on_after(IDLE):
                    await joined.woken.wait()
                joined.woken = anyio.Event()

    async def _say(self, type: str, **more: Any) -> None:  # noqa: A002 - what the wire calls it
        async with self._turn:
            try:
                await self._socket.send_text(json.dumps({"type": type, **more}, ensure_ascii=False))
            except WebSocketDisconnect:
                self._beside.cancel_scope.cancel()


def _object(text: str | None) -> Message:
    """The JSON object of a frame. Raises: BadRequestError."""
    try:
        message = None if text is None else checked(json.loads(text))
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise BadRequestError("A message is a JSON object, as text. This one is none.")
    return message


def _text(message: Message, name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestError(f'The message has no "{name}", or one that is no text.')
    return value
