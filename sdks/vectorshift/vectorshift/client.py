"""The clients that the objects call by, with the key and the address as they are when an object is used."""

from __future__ import annotations

from typing import TypeVar

from failwell.client import (
    ApiKeyClient,
    Awaiting,
    Blocking,
    SharedClients,
)
from vectorshift.exceptions import CATALOGUE, AuthenticationError

C = TypeVar("C", Blocking, Awaiting)


class _Client(
    ApiKeyClient[C],
    catalogue=CATALOGUE,
    base_url="https://api.vectorshift.ai/v1",
    variables="VECTORSHIFT",
    refused=AuthenticationError,
):
    """Key, address, retries and connections; the operations are those of the objects."""


class Client(Blocking, _Client[Blocking]):
    """The client of what returns."""


class AsyncClient(Awaiting, _Client[Awaiting]):
    """The client of what is awaited, on asyncio and trio."""


def _key() -> str | None:
    import vectorshift

    return vectorshift.api_key


CLIENTS = SharedClients(Client, AsyncClient, _key)
"""Those of this process. `CLIENTS.close()` and `await CLIENTS.aclose()` close their connections."""
