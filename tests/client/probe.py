"""A resource with the calls that Pictograph does not have: a POST without a key, and bodies of any kind."""

from __future__ import annotations

from typing import Any, TypeVar

from failwell.client import Awaiting, Blocking, Core, Resource, json_body, operation
from failwell.contract import Secret
from failwell.policy import Flow
from failwell.wire.messages import Content
from pictograph.exceptions import CATALOGUE

from .colours import KEY

C = TypeVar("C", Blocking, Awaiting)


class Probe(Resource[C], name="probe"):
    """Sends what a test wants sent."""

    @operation
    def get(self, path: str = "/x") -> Flow[Any]:
        """Read."""
        return (yield from self.core.call("probe.get", "GET", path, json_body))

    @operation
    def post(self, payload: object = None) -> Flow[Any]:
        """Write without a key."""
        return (yield from self.core.call("probe.post", "POST", "/x", json_body, payload=payload or {}))

    @operation
    def keyed(self, idempotency_key: str | None = None) -> Flow[Any]:
        """Write with a key."""
        call = self.core.call(
            "probe.keyed", "POST", "/x", json_body, payload={}, mutating=True, idempotency_key=idempotency_key
        )
        return (yield from call)

    @operation
    def put(self, content: Content, *, to: str = "/x") -> Flow[Any]:
        """Put *content* there, without credentials."""
        return (yield from self.core.call("probe.put", "PUT", to, json_body, content=content, with_credentials=False))

    @operation
    def upload(self, content: Content) -> Flow[Any]:
        """Ask where *content* goes, and put it there."""
        target = yield from self.core.call("probe.target", "POST", "/target", json_body, mutating=True)
        url = target["data"]["upload_url"]
        return (
            yield from self.core.call("probe.upload", "PUT", url, json_body, content=content, with_credentials=False)
        )

    @operation
    def twice(self) -> Flow[list[Any]]:
        """Read twice, by the operation above."""
        first = yield from Probe.get.flow(self, "/1")
        second = yield from Probe.get.flow(self, "/2")
        return [first, second]


def core(base_url: str = "http://127.0.0.1:9", **settings: Any) -> Core:
    """The engine of a client of Pictograph's."""
    return Core(CATALOGUE, base_url=base_url, credentials=(("X-API-Key", Secret(KEY)),), **settings)


def blocking(base_url: str = "http://127.0.0.1:9", **settings: Any) -> Probe[Blocking]:
    """A probe whose methods return."""
    return Probe(core(base_url, **settings))


def awaiting(base_url: str = "http://127.0.0.1:9", **settings: Any) -> Probe[Awaiting]:
    """A probe whose methods are awaited."""
    return Probe(core(base_url, awaiting=True, **settings))
