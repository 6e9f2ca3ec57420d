"""A client of either colour that is answered by a script, and a store of files as the API has it, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio

from failwell.conformance.adapter import settled
from failwell.testing import Asked, Replies, replies
from scopix import Scopix, ScopixSync

COLOURS = ("blocking", "asyncio", "trio")
URL = "http://scopix.test/api/v2"
JOB = {"id": "job_1", "status": "running", "media_id": "vid_1"}


def file(name: str = "cat.png", number: int = 1, **more: Any) -> dict[str, Any]:
    """A file as the wire has it."""
    return {"id": f"img_{number}", "kind": "image", "filename": name, "description_status": "pending", **more}


class Talk:
    """One client, and the *answers* that it gets one by one; *then* is for every request after them."""

    def __init__(self, colour: str, *answers: object, **more: Any) -> None:
        self.colour = colour
        self.answers = answers
        self.more = more
        self.sent: Replies

    def ask(self, action: Callable[[Any], Any], **settings: Any) -> Any:
        """What `action(client)` gives."""
        settings = {"api_key": "sk_test", "base_url": URL, **settings}
        if self.colour == "blocking":
            with ScopixSync(**settings) as client, replies(client, *self.answers, **self.more) as self.sent:
                return action(client)
        return anyio.run(self._awaited, action, settings, backend=self.colour)

    async def _awaited(self, action: Callable[[Any], Any], settings: dict[str, Any]) -> Any:
        async with Scopix(**settings) as client:
            with replies(client, *self.answers, **self.more) as self.sent:
                return await settled(action(client))

    @property
    def asked(self) -> list[str]:
        """Method and path of every request, from the version of the API on."""
        return [f"{each.method} {each.url.removeprefix(URL)}" for each in self.sent.requests]

    @property
    def keys(self) -> list[str | None]:
        """The idempotency key of every request."""
        return [each.headers.get("idempotency-key") for each in self.sent.requests]


class Store:
    """Answers uploads; *trouble* says by the name of a file what is answered in its place, or None."""

    def __init__(self, trouble: Callable[[str], object] = lambda _name: None) -> None:
        self.trouble = trouble
        self.sizes: dict[str, int] = {}
        self.files: list[dict[str, Any]] = []
        self.sessions = 0
        self.most = self.now = 0
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Any:
        if asked.method == "POST" and asked.path == "/uploads":
            self.sessions += 1
            return {"session_id": f"up_{self.sessions}", "describe": asked.json["describe"], "files": []}
        if asked.method == "GET":
            return {"session_id": "up_1", "files": self.files}
        name = asked.query["filename"]
        with self._lock:
            if (found := self.trouble(name)) is not None:
                return found
            self.sizes[name] = len(asked.content)
            self.files.append(file(name, len(self.files) + 1, size=len(asked.content)))
            return self.files[-1]
