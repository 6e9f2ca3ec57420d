"""Clients as people write them: the calls of the Pictograph page with one HTTP library each, and nothing of an SDK."""

from __future__ import annotations

import json
from copy import copy
from typing import Any, Protocol

import aiohttp
import httpx
import httpx2
import requests
import urllib3

import failwell
from failwell import RetryRules
from failwell.adapt.call import OutgoingAttempt
from failwell.clock import Clock
from pictograph.exceptions import CATALOGUE

READ = ("GET", "/api/v1/developer/datasets/", None)
"""What the read of a check sends: method, path, and the object in the body."""


ONE_ATTEMPT = copy(CATALOGUE)
ONE_ATTEMPT.retries = RetryRules(max_retries=0)
"""The contract for who repeats nothing."""


class Sends(Protocol):
    """One request by a library: *url*, *headers*, *body* and *timeout* in, its response out."""

    def __call__(self, method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any: ...


def _is_https(url: str) -> bool:
    """Whether certificates are needed: to read those of the system takes longer than all the rest of a call."""
    return url.startswith("https:")


def by_requests(method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any:
    """By requests."""
    return requests.request(method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False)


def by_httpx(method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any:
    """By httpx."""
    return httpx.request(method, url, headers=headers, content=body, timeout=timeout, verify=_is_https(url))


def by_httpx2(method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any:
    """By httpx2."""
    return httpx2.request(method, url, headers=headers, content=body, timeout=timeout, verify=_is_https(url))


def by_urllib3(method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any:
    """By urllib3."""
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, headers=headers, body=body, timeout=timeout, retries=False, redirect=False)


async def by_aiohttp(method: str, url: str, headers: dict[str, str], body: bytes, timeout: float | None) -> Any:
    """By aiohttp."""
    limit = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(timeout=limit, trust_env=True) as session:
        async with session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
            await response.read()
            return response


BLOCKING: dict[str, Sends] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "httpx2": by_httpx2,
    "urllib3": by_urllib3,
}


class Calling:
    """A client whose every call is a `failwell.calling`."""

    catalogue = CATALOGUE

    def __init__(self, library: str, *, api_key: str, base_url: str, clock: Clock, timeout: float = 10.0) -> None:
        self._library = library
        self._send = BLOCKING[library]
        self._base_url, self._clock, self._timeout = base_url, clock, timeout
        self._headers = {"X-API-Key": api_key, "Content-Type": "application/json"}

    def list(self) -> Any:
        """The read."""
        return self._call("datasets.list", *READ)

    def close(self) -> None:
        """Nothing is kept open."""

    def _call(self, operation: str, method: str, path: str, payload: Any) -> Any:
        body = b"" if payload is None else json.dumps(payload).encode()

        def send(attempt: OutgoingAttempt) -> Any:
            headers = {**self._headers, **attempt.headers}
            response = self._send(method, self._base_url + path, headers, body, attempt.timeout)
            if response.status >= 300 if self._library == "urllib3" else response.status_code >= 300:
                return response
            return response.json()

        return failwell.calling(
            self.catalogue, send, operation=operation, method=method, timeout=self._timeout, clock=self._clock
        )


class Once(Calling):
    """A client whose every call is a `translating` with a `raise_for` in it: one attempt each."""

    catalogue = ONE_ATTEMPT

    def _call(self, operation: str, method: str, path: str, payload: Any) -> Any:
        body = b"" if payload is None else json.dumps(payload).encode()
        with failwell.translating(self.catalogue, operation=operation):
            response = self._send(method, self._base_url + path, self._headers, body, self._timeout)
            return failwell.raise_for(response, self.catalogue, operation=operation).json()


class ACalling:
    """The same, awaited, over aiohttp."""

    catalogue = CATALOGUE

    def __init__(self, *, api_key: str, base_url: str, clock: Clock, timeout: float = 10.0) -> None:
        self._base_url, self._clock, self._timeout = base_url, clock, timeout
        self._headers = {"X-API-Key": api_key, "Content-Type": "application/json"}

    async def list(self) -> Any:
        """The read."""
        return await self._call("datasets.list", *READ)

    def close(self) -> None:
        """Nothing is kept open."""

    async def _call(self, operation: str, method: str, path: str, payload: Any) -> Any:
        body = b"" if payload is None else json.dumps(payload).encode()

        async def send(attempt: OutgoingAttempt) -> Any:
            headers = {**self._headers, **attempt.headers}
            response = await by_aiohttp(method, self._base_url + path, headers, body, attempt.timeout)
            return response if response.status >= 300 else await response.json()

        return await failwell.acalling(
            self.catalogue, send, operation=operation, method=method, timeout=self._timeout, clock=self._clock
        )


class AOnce(ACalling):
    """The same, awaited, over aiohttp."""

    catalogue = ONE_ATTEMPT

    async def _call(self, operation: str, method: str, path: str, payload: Any) -> Any:
        body = b"" if payload is None else json.dumps(payload).encode()
        async with failwell.translating(self.catalogue, operation=operation):
            response = await by_aiohttp(method, self._base_url + path, self._headers, body, self._timeout)
            return await (await failwell.araise_for(response, self.catalogue, operation=operation)).json()
