"""The SDK in one colour against the reference server, over real sockets, on a clock that both share."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable
from typing import Any, Literal

import anyio
import pytest

from errata.clock import VirtualClock
from errata.sandbox import Entry, Sandbox
from pictograph import AsyncClient, Client, RateLimitError

Colour = Literal["blocking", "awaiting"]

BOX = {"name": "circle", "type": "bbox", "bounding_box": {"x": 8.0, "y": 8.0, "w": 24.0, "h": 24.0}}
"""An annotation as it should be."""

A_DAY = 86_400.0
"""Seconds after which any job is done, on a clock where they cost nothing."""

MANY = 150
"""Pictures that keep a worker busy for some tenths of a second."""

MOST_CALLS = 2000
"""Calls at one moment that no tier is thought to allow."""


class Sdk:
    """Calls in one colour. What `requests`, `keys` and `waits` tell is about the last `call`."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock, colour: Colour) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.colour = colour

    def call(self, action: Callable[[Any], Any], *, role: str = "member", **settings: Any) -> Any:
        """What *action* returns or raises with a client that has the key of *role*; awaited in the awaiting colour."""
        self.sandbox.log.clear()
        self.clock.forget()
        settings = {"api_key": self.sandbox.keys[role], "base_url": self.sandbox.url, "clock": self.clock, **settings}
        if self.colour == "awaiting":
            return anyio.run(_awaited, action, settings)
        with Client(**settings) as client:
            return action(client)

    def use_up(self, role: str = "member") -> int:
        """Call until the key of *role* may not call any more; return how often it could."""
        with Client(self.sandbox.keys[role], base_url=self.sandbox.url, clock=self.clock, max_retries=0) as client:
            for calls in range(MOST_CALLS):
                try:
                    client.models.list(limit=1)
                except RateLimitError:
                    return calls
        raise AssertionError(f"The key was let in {MOST_CALLS} times: it has no limit.")

    @property
    def requests(self) -> tuple[Entry, ...]:
        """The requests that reached the server."""
        return self.sandbox.log.entries()

    @property
    def outcomes(self) -> list[str]:
        """What became of each request: "passed 200", "reset", ..."""
        return [entry.outcome for entry in self.requests]

    def hung_up(self, times: int) -> list[str]:
        """What became of the requests, once the server has seen that the client hung up *times*."""
        return [entry.outcome for entry in self.sandbox.log.wait_for(times)]

    @property
    def keys(self) -> list[str | None]:
        """The idempotency key of each request."""
        return [dict(entry.headers).get("Idempotency-Key") for entry in self.requests]

    @property
    def waits(self) -> list[float]:
        """The seconds that the client asked to wait, in order."""
        return self.clock.waits()


async def _awaited(action: Callable[[Any], Any], settings: dict[str, Any]) -> Any:
    async with AsyncClient(**settings) as client:
        return await action(client)


class Names:
    """A name server that does not know `url` the first few times it is *asked*, and then sends to the sandbox."""

    HOST = "api.pictograph.test"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = ""
        self.asked = 0
        self._unknown = 0
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def unknown(self, sandbox_url: str, *, times: int) -> None:
        """Let `url` stand for *sandbox_url*, but not for the next *times*."""
        self.url = sandbox_url.replace("127.0.0.1", self.HOST)
        self.asked, self._unknown = 0, times

    def _getaddrinfo(self, host: Any, *more: Any, **named: Any) -> Any:
        if host not in (self.HOST, self.HOST.encode()):
            return self._look_up(host, *more, **named)
        self.asked += 1
        if self.asked <= self._unknown:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._look_up("127.0.0.1", *more, **named)


def operations(resource: Any) -> dict[str, Any]:
    """The operations of a *resource* of a client, by name."""
    members = {name: getattr(resource, name) for name in dir(resource) if not name.startswith("_")}
    return {name: member for name, member in members.items() if hasattr(member, "raises")}


def list_datasets(client: Any) -> Any:
    """Read something."""
    return client.datasets.list()


def fresh(what: str) -> str:
    """A name that nothing on the server has yet."""
    return f"{what}-{uuid.uuid4().hex[:8]}"
