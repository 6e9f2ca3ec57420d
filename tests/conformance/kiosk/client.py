"""The kiosk's SDK."""

from __future__ import annotations

from typing import Any, TypeVar

from failwell.client import Awaiting, Blocking, Core, Resource, json_body, operation, path
from failwell.policy import Flow
from tests.conformance.kiosk.exceptions import CATALOGUE

C = TypeVar("C", Blocking, Awaiting)


class Papers(Resource[C]):
    """What is sold."""

    @operation
    def get(self, name: str) -> Flow[Any]:
        """One paper."""
        return (yield from self.core.call("papers.get", "GET", path("/papers", name), json_body))

    @operation
    def list(self) -> Flow[Any]:
        """All papers."""
        return (yield from self.core.call("papers.list", "GET", "/papers", json_body))


class _Kiosk(Resource[C]):
    awaiting = False

    def __init__(self, *, api_key: str, **settings: Any) -> None:
        del api_key
        super().__init__(Core(CATALOGUE, awaiting=self.awaiting, **settings))
        self.papers: Papers[C] = Papers(self.core)


class Kiosk(_Kiosk[Blocking]):
    """The blocking client."""

    def close(self) -> None:
        """Close the connections."""
        self.core.close()


class AsyncKiosk(_Kiosk[Awaiting]):
    """The awaiting client."""

    awaiting = True

    async def close(self) -> None:
        """Close the connections."""
        await self.core.aclose()
