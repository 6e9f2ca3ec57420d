"""The SDK in one colour against the reference server, over real sockets, on a clock that both share."""

from __future__ import annotations

import socket
import uuid
from typing import Any

import pytest

from failwell.conformance.bench import burst
from pictograph import AsyncClient, Client
from tests.documented.calls import Calls

BOX = {"name": "circle", "type": "bbox", "bounding_box": {"x": 8.0, "y": 8.0, "w": 24.0, "h": 24.0}}
"""An annotation as it should be."""

A_DAY = 86_400.0
"""Seconds after which any job is done, on a clock where they cost nothing."""

MANY = 150
"""Pictures that keep a worker busy for some tenths of a second."""

TIME_TO_ARRIVE = 1.0
"""Seconds within which a request reaches the sandbox, where every core is busy too: an attempt may not be shorter."""

MOST_CALLS = 2000
"""Calls at one moment that no tier is thought to allow."""


class Sdk(Calls):
    """Calls of Pictograph's SDK."""

    clients = (Client, AsyncClient)

    def use_up(self, role: str = "member") -> int:
        """Call until the key of *role* may not call any more; return how often it could."""
        headers = {"X-API-Key": self.sandbox.keys[role]}
        let_in = burst(self.sandbox, "/api/v1/developer/models/?limit=1", headers, most=MOST_CALLS)
        assert let_in < MOST_CALLS, f"The key was let in {MOST_CALLS} times: it has no limit."
        return let_in

    def hung_up(self, times: int) -> list[str]:
        """What became of the requests, once the server has seen that the client hung up *times*."""
        return [entry.outcome for entry in self.sandbox.log.wait_for(times)]


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
        numbers_only = named.get("flags", 0) & socket.AI_NUMERICHOST  # which asks nobody
        if host not in (self.HOST, self.HOST.encode()) or numbers_only:
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
