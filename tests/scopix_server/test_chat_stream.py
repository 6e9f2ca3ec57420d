"""Answers told while they are made, to clients that are cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.types import Message

from failwell.clock import VirtualClock
from failwell.server.http.sse import HEARTBEAT
from failwell.wire.sse import Decoder
from scopix_server import Settings

from .api import Api
from .test_chats import ask, chat
from .test_documents import HOUSE, document

pytestmark = pytest.mark.anyio


class Listener:
    """A client which reads events, and is cut off after a number of bytes; *after* is the last event that it knows."""

    def __init__(self, api: Api, path: str, *, after: str = "", most: int | None = None) -> None:
        self._api = api
        self._path = path
        self._after = after
        self._most = most
        self._cut = anyio.Event()
        self.content = b""
        self.whole = False

    @property
    def decoder(self) -> Decoder:
        """What has been read, decoded."""
        return Decoder(last_event_id=self._after)

    async def listen(self) -> None:
        """Read until the server ends the reply, or the connection breaks."""
        headers = [(b"authorization", f"Bearer {self._api.served.keys['member']}".encode())]
        if self._after:
            headers.append((b"last-event-id", self._after.encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "scheme": "http",
            "http_version": "1.1",
            "server": ("server", 80),
            "client": ("client", 1),
        }
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._cut.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] != "http.response.body" or self._cut.is_set():
                return
            self.content += message.get("body", b"")
            self.whole = not message.get("more_body", False)
            if self._most is not None and len(self.content) >= self._most:
                self.content = self.content[: self._most]
                self._cut.set()
                self.whole = False

        await self._api.served.app(scope, receive, send)


async def test_told_as_it_comes(api: Api) -> None:
    """
    Each piece is told as soon as it is there, and the end after the last one.
    """
    document(api, HOUSE)
    path = ask(api, chat(api)).json()["events"]
    listener = Listener(api, path)

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await anyio.sleep(0.1)
        assert (b"", False) == (listener.content, listener.whole)
        await anyio.to_thread.run_sync(api.work)

    told = listener.decoder.feed(listener.content)
    assert ([str(number) for number in range(1, 9)], "[DONE]", True) == (
        [event.id for event in told],
        told[-1].data,
        listener.whole,
    )


async def test_cut_anywhere(api: Api, clock: VirtualClock) -> None:
    """
    A stream that is cut at any byte goes on after the last event that was read whole: no loss, and no repetition.
    """
    document(api, HOUSE)
    path = ask(api, chat(api)).json()["events"]
    await anyio.to_thread.run_sync(api.work)
    whole = Listener(api, path)
    await whole.listen()
    expected = [(event.id, event.data) for event in whole.decoder.feed(whole.content)]

    ends = [end.end() + around for end in re.finditer(b"\n\n", whole.content) for around in (-2, -1, 0)]
    for most in sorted({*range(1, len(whole.content), 9), *ends}):
        clock.advance(60)  # past the rate limit
        cut = Listener(api, path, most=most)
        await cut.listen()
        decoder = cut.decoder
        first = [(event.id, event.data) for event in decoder.feed(cut.content)]
        rest = Listener(api, path, after=decoder.last_event_id)
        await rest.listen()
        assert expected == first + [(event.id, event.data) for event in rest.decoder.feed(rest.content)]


async def test_session_deleted_meanwhile(api: Api) -> None:
    """
    A stream whose session is deleted ends with an error, and does not hang.
    """
    session_id = chat(api)
    listener = Listener(api, ask(api, session_id).json()["events"])

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await anyio.sleep(0.1)
        await anyio.to_thread.run_sync(api.send, "DELETE", f"/chat/sessions/{session_id}")

    (event,) = listener.decoder.feed(listener.content)
    assert ("error", True) == (event.name, "The session was deleted." in event.data)


async def test_heartbeat(serve: Callable[[Settings], Api]) -> None:
    """
    A stream that has nothing to tell says that it is there, in comments that are no events.
    """
    api = serve(Settings(heartbeat=0.0))
    listener = Listener(api, ask(api, chat(api)).json()["events"], most=3 * len(HEARTBEAT))
    await listener.listen()

    assert 3 * HEARTBEAT == listener.content
    empty: list[Any] = []
    assert empty == listener.decoder.feed(listener.content)
