"""Runs told as they are worked on, over real events."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import anyio
import pytest
from starlette.types import Message

from failwell.server import Step, immediately
from failwell.server.http.sse import HEARTBEAT
from failwell.wire.sse import Decoder
from subconscious_server import Settings

from .api import Api

pytestmark = pytest.mark.anyio

WENT_DOWN = "The engine went down while the run was worked on. Start it again."


class Listener:
    """A client of `/v1/runs/stream` which reads piece by piece, and leaves when it is told to."""

    def __init__(self, api: Api, instructions: str = "What is 1 + 1?", engine: str = "tim", **more: Any) -> None:
        self.api = api
        self.body = {"engine": engine, "input": {"instructions": instructions, **more}}
        self.head: dict[str, str] = {}
        self.status = 0
        self.content = b""
        self.whole = False
        self.left = anyio.Event()
        self._sent = False

    @property
    def run_id(self) -> str:
        """The run that is told."""
        return self.head["x-run-id"]

    @property
    def events(self) -> list[tuple[str, str]]:
        """Type and data of the events so far."""
        return [(event.name, event.data) for event in Decoder().feed(self.content)]

    async def listen(self) -> None:
        """Read until the server ends the reply, or this client leaves."""
        key = self.api.served.keys["member"]
        headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "POST",
            "path": "/v1/runs/stream",
            "raw_path": b"/v1/runs/stream",
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "scheme": "http",
            "http_version": "1.1",
            "server": ("server", 80),
            "client": ("client", 1),
        }

        async def receive() -> Message:
            if not self._sent:
                self._sent = True
                return {"type": "http.request", "body": json.dumps(self.body).encode(), "more_body": False}
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.head = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                self.content += message.get("body", b"")
                self.whole = not message.get("more_body", False)

        await self.api.served.app(scope, receive, send)

    async def until(self, ready: Callable[[], bool]) -> None:
        """Wait for what another task does, for at most 30 s."""
        with anyio.fail_after(30):
            while not ready():  # noqa: ASYNC110 - the other task is a server, which sets no event
                await anyio.sleep(0.001)


def deltas(listener: Listener) -> str:
    """The answer that the chunks come to."""
    chunks = [json.loads(data) for _, data in listener.events if "choices" in data]
    return "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)


async def test_told_as_it_comes(api: Api) -> None:
    """
    First comes the id, then what each thought says as soon as it is there, and [DONE] at the end.
    """
    listener = Listener(api, "What is 6 * 7?\nWhat is 2 + 2?")
    seen: list[str] = []

    def step(function: Any, *args: Any) -> Any:
        result = function(*args)
        if function.__name__ == "think" and result:
            anyio.from_thread.run(listener.until, lambda: deltas(listener).count("=") > args[1])
            seen.append(deltas(listener))
        return result

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await listener.until(lambda: bool(listener.content))
        assert [("message", f'{{"run_id":"{listener.run_id}"}}')] == listener.events
        await anyio.to_thread.run_sync(partial(api.thinking().run, cast("Step", step), listener.run_id))

    assert (200, "text/event-stream; charset=utf-8", True) == (
        listener.status,
        listener.head["content-type"],
        listener.whole,
    )
    assert ("message", "[DONE]") == listener.events[-1]
    assert ("message", '{"choices":[{"delta":{"content":"6 "}}]}') == listener.events[1]
    run = api.get(listener.run_id)
    assert ("succeeded", deltas(listener)) == (run["status"], run["result"]["answer"])
    assert ["6 * 7 = 42", "6 * 7 = 42\n2 + 2 = 4"] == seen


async def test_answer_format(api: Api) -> None:
    """
    An answer that is JSON comes at the end, whole.
    """
    schema = {"type": "object", "properties": {"result": {"type": "integer"}}}
    listener = Listener(api, "What is 6 * 7?", answerFormat=schema)

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await listener.until(lambda: bool(listener.content))
        await anyio.to_thread.run_sync(partial(api.thinking().run, immediately, listener.run_id))

    assert '{"result": 42}' == deltas(listener)


@pytest.mark.parametrize(
    ("engine", "canceled", "expected"),
    [
        (
            "tim-broken",
            False,
            f'{{"error":"{WENT_DOWN}","code":"service_unavailable"}}',
        ),
        ("tim", True, '{"error":"The run was canceled.","code":"internal_error"}'),
    ],
)
async def test_error_event(api: Api, engine: str, expected: str, *, canceled: bool) -> None:
    """
    A run that does not succeed ends its stream with an error event, and without [DONE].
    """
    listener = Listener(api, engine=engine)

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await listener.until(lambda: bool(listener.content))
        if canceled:
            await anyio.to_thread.run_sync(api.send, "POST", f"/runs/{listener.run_id}/cancel")
        await anyio.to_thread.run_sync(partial(api.thinking().run, immediately, listener.run_id))

    assert [("error", expected)] == listener.events[1:]
    assert listener.whole


async def test_heartbeat(serve: Callable[[Settings], Api]) -> None:
    """
    A stream that has nothing to tell says that it is there, in comments that are no events.
    """
    api = serve(Settings(heartbeat=0.0))
    listener = Listener(api)

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await listener.until(lambda: listener.content.count(HEARTBEAT) > 2)
        assert 1 == len(listener.events)
        await anyio.to_thread.run_sync(api.send, "POST", f"/runs/{listener.run_id}/cancel")

    assert 2 == len(listener.events)


async def test_client_leaves(api: Api) -> None:
    """
    When the client leaves, the telling ends and the run goes on: its id gets the answer.
    """
    listener = Listener(api, "What is 6 * 7?")

    async with anyio.create_task_group() as group:
        group.start_soon(listener.listen)
        await listener.until(lambda: bool(listener.content))
        listener.left.set()

    assert not listener.whole
    run = await anyio.to_thread.run_sync(api.work, listener.run_id)
    assert ("succeeded", "6 * 7 = 42") == (run["status"], run["result"]["answer"])
