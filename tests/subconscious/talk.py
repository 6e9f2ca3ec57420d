"""A client of either colour that is answered by a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from failwell.conformance.adapter import settled
from failwell.testing import Replies, replies
from subconscious import AsyncSubconscious, Subconscious

COLOURS = ("blocking", "asyncio", "trio")
URL = "http://subconscious.test/v1"
ACCEPTED = {"runId": "run_1"}
RUNNING = {"runId": "run_1", "status": "running"}
SUCCEEDED = {
    "runId": "run_1",
    "status": "succeeded",
    "result": {"answer": "42", "reasoning": [{"title": "Think", "subtasks": [{"conclusion": "It is 42."}]}]},
    "usage": {"inputTokens": 3, "outputTokens": 1, "durationMs": 20},
}
FAILED = {"runId": "run_1", "status": "failed", "error": {"code": "internal_error", "message": "The engine broke."}}


class Talk:
    """One client, and the *answers* that it gets one by one."""

    def __init__(self, colour: str, *answers: object) -> None:
        self.colour = colour
        self.answers = answers
        self.sent: Replies

    def ask(self, action: Callable[[Any], Any], **settings: Any) -> Any:
        """What `action(client)` gives."""
        settings = {"api_key": "sk-test", "base_url": URL, **settings}
        if self.colour == "blocking":
            with Subconscious(**settings) as client, replies(client, *self.answers) as self.sent:
                return action(client)
        return anyio.run(self._awaited, action, settings, backend=self.colour)

    async def _awaited(self, action: Callable[[Any], Any], settings: dict[str, Any]) -> Any:
        async with AsyncSubconscious(**settings) as client:
            with replies(client, *self.answers) as self.sent:
                return await settled(action(client))

    @property
    def asked(self) -> list[str]:
        """Method and path of every request, from the version of the API on."""
        return [f"{each.method} {each.url.removeprefix(URL)}" for each in self.sent.requests]

    @property
    def keys(self) -> list[str | None]:
        """The idempotency key of every request."""
        return [each.headers.get("idempotency-key") for each in self.sent.requests]
