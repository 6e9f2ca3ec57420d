"""A small SDK that somebody wrote by hand: no Failwell in it, no retries, no keys, no attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2

from failwell.clock import Clock
from failwell.conformance import Colour


class SdkError(Exception):
    """Whatever went wrong."""


class AuthError(SdkError):
    """401."""

    status_code = 401


class ServerError(SdkError):
    """5xx."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"The server answered {status_code}.")
        self.status_code = status_code


ERRORS = {"AuthError": AuthError, "ServerError": ServerError}


def _read(response: httpx2.Response) -> Any:
    if response.status_code == 401:
        raise AuthError("The key was refused.")
    if response.status_code >= 500:
        raise ServerError(response.status_code)
    return response.json()["data"]


class Datasets:
    """One resource in either colour."""

    def __init__(self, client: httpx2.Client | httpx2.AsyncClient) -> None:
        self._client = client

    def list(self) -> Any:
        """The datasets, or an awaitable of them."""
        if isinstance(self._client, httpx2.Client):
            return _read(self._client.get("/api/v1/developer/datasets/"))
        return self._awaited(self._client)

    async def _awaited(self, client: httpx2.AsyncClient) -> Any:
        return _read(await client.get("/api/v1/developer/datasets/"))


class Client:
    """The whole SDK."""

    def __init__(self, http: httpx2.Client | httpx2.AsyncClient) -> None:
        self._http = http
        self.datasets = Datasets(http)

    def close(self) -> Any:
        """Close the connections; to be awaited if the client is."""
        return self._http.close() if isinstance(self._http, httpx2.Client) else self._http.aclose()


class Adapter:
    """All that Failwell needs to know about it."""

    def client(self, colour: Colour, *, base_url: str, api_key: str, clock: Clock, **settings: Any) -> Client:
        """A client of *colour*. It cannot be told a clock, and knows none of the settings."""
        del clock, settings
        kind = httpx2.Client if colour == "blocking" else httpx2.AsyncClient
        return Client(kind(base_url=base_url, headers={"X-API-Key": api_key}))

    def error(self, name: str) -> type[BaseException]:
        """The exception class of that name; `SdkError` for those that it does not have."""
        return ERRORS.get(name, SdkError)

    def function(self, name: str) -> Callable[..., Any]:
        """It has no functions."""
        raise NotImplementedError(name)
