"""An SDK in one colour against its reference server, over real sockets, on a clock that both share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import anyio

from failwell.clock import VirtualClock
from failwell.conformance.adapter import settled
from failwell.sandbox import Entry, Sandbox

Colour = Literal["blocking", "awaiting"]


class Calls:
    """Calls in one colour. What `requests`, `keys` and `waits` tell is about the last `call`."""

    clients: ClassVar[tuple[Any, Any]]
    """The blocking client and the awaiting one."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock, colour: Colour) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.colour = colour

    def call(self, action: Callable[[Any], Any], *, role: str = "member", **settings: Any) -> Any:
        """What *action* returns or raises with a client that has the key of *role*; awaited in the awaiting colour."""
        self.sandbox.log.clear()
        self.clock.forget()
        settings = {"api_key": self.sandbox.keys[role], "base_url": self.sandbox.url, "clock": self.clock, **settings}
        blocking, awaiting = self.clients
        if self.colour == "awaiting":
            return anyio.run(_awaited, awaiting, action, settings)
        with blocking(**settings) as client:
            return action(client)

    @property
    def requests(self) -> tuple[Entry, ...]:
        """The requests that reached the server."""
        return self.sandbox.log.entries()

    @property
    def outcomes(self) -> list[str]:
        """What became of each request: "passed 200", "reset", ..."""
        return [entry.outcome for entry in self.requests]

    @property
    def keys(self) -> list[str | None]:
        """The idempotency key of each request."""
        return [dict(entry.headers).get("Idempotency-Key") for entry in self.requests]

    @property
    def waits(self) -> list[float]:
        """The seconds that the client asked to wait, in order."""
        return self.clock.waits()


async def _awaited(connect: Callable[..., Any], action: Callable[[Any], Any], settings: dict[str, Any]) -> Any:
    async with connect(**settings) as client:
        return await settled(action(client))
