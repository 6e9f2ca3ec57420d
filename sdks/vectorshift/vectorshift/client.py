"""The clients that the objects call by, with the key and the address as they are when an object is used."""

from __future__ import annotations

from typing import TypeVar

from failwell.client import (
    ApiKeyClient,
    ApiSettings,
    Awaiting,
    AwaitingClient,
    Blocking,
    BlockingClient,
    SharedClients,
)
from vectorshift.exceptions import CATALOGUE, AuthenticationError

C = TypeVar("C", Blocking, Awaiting)

SERVICE = ApiSettings(CATALOGUE, "https://api.vectorshift.ai/v1", "VECTORSHIFT", refused=AuthenticationError)


class _Client(ApiKeyClient[C], service=SERVICE):
    """Key, address, retries and connections; the operations are those of the objects."""


class Client(BlockingClient, _Client[Blocking]):
    """The client of what returns."""


class AsyncClient(AwaitingClient, _Client[Awaiting]):
    """The client of what is awaited, on asyncio and trio."""


def _key() -> str | None:
    import vectorshift

    return vectorshift.api_key


CLIENTS = SharedClients(Client, AsyncClient, _key)
"""Those of this process. `CLIENTS.close()` and `await CLIENTS.aclose()` close their connections."""
