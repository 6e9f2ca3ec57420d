"""Shared clients: those that the objects of a module call by, one a colour, made when first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from failwell._support.secret import Secret

if TYPE_CHECKING:
    from failwell.client.clients import ApiKeyClient
    from failwell.client.core import Core
    from failwell.client.resource import Awaiting, Blocking
    from failwell.contract.catalogues.catalogue import Catalogue

    Client = ApiKeyClient[Blocking] | ApiKeyClient[Awaiting]


class _Made(NamedTuple):
    client: Client
    key: Secret
    base_url: str | None


class SharedClients:
    """The clients of an SDK whose objects, such as `Pipeline`, are called without one.

    They are made anew when the key or the base URL is another one: of what *api_key* gives (None: that of the
    environment), and of the environment, both read whenever an object is used. One that was replaced is left to the
    calls that it still has.
    """

    def __init__(
        self,
        blocking: type[ApiKeyClient[Blocking]],
        awaiting: type[ApiKeyClient[Awaiting]],
        api_key: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._classes = (blocking, awaiting)
        self._api_key = api_key
        self._made: dict[bool, _Made] = {}

    @property
    def catalogue(self) -> Catalogue:
        """The contract of what they call."""
        return self._classes[0].contract()

    @property
    def blocking(self) -> ApiKeyClient[Blocking]:
        """The client of what returns."""
        return self._current(awaiting=False)  # type: ignore[return-value]  # of that class

    @property
    def awaiting(self) -> ApiKeyClient[Awaiting]:
        """The client of what is awaited."""
        return self._current(awaiting=True)  # type: ignore[return-value]  # of that class

    def core(self, *, awaiting: bool) -> Core:
        """The engine of a colour's client."""
        return self._current(awaiting=awaiting).core

    def close(self) -> None:
        """Close the connections of what returns. The next call opens others."""
        if (made := self._made.pop(False, None)) is not None:
            made.client.core.close()

    async def aclose(self) -> None:
        """Close the connections of what is awaited. The next call opens others."""
        if (made := self._made.pop(True, None)) is not None:
            await made.client.core.aclose()

    def _current(self, *, awaiting: bool) -> Client:
        kind = self._classes[awaiting]
        # From here on no local variable holds the key itself: tracebacks may print them.
        key = Secret(self._api_key() or kind.from_environment("API_KEY"))
        base_url = kind.from_environment("BASE_URL") or None
        made = self._made.get(awaiting)
        if made is None or (made.key, made.base_url) != (key, base_url):
            made = self._made[awaiting] = _Made(kind(key), key, base_url)
        return made.client
