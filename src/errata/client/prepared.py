"""What every request of a client has in common, made once: the base URL, the headers, the credentials."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

import httpx2

from errata.contract.secret import Secret
from errata.wire.messages import Request


class Prepared:
    """The base URL and the headers of a client. Its repr shows neither headers nor credentials."""

    def __init__(
        self,
        base_url: str,
        headers: tuple[tuple[str, str], ...] = (),
        credentials: tuple[tuple[str, Secret], ...] = (),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.secrets = tuple(secret for _, secret in credentials)
        split = urlsplit(self.base_url)
        self._origin = (split.scheme, split.netloc)
        self._plain = [(name.encode(), value.encode()) for name, value in headers]
        self._credentials = credentials
        self._url = functools.lru_cache(maxsize=256)(httpx2.URL)

    def __repr__(self) -> str:
        return f"<Prepared for {self.base_url}>"

    def url(self, request: Request) -> httpx2.URL:
        """Where *request* goes. Whole URLs are not kept: they may be signed."""
        if "://" in request.target:
            return httpx2.URL(request.target)
        return self._url(self.base_url + request.target)

    def headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        """The headers of *request*; the credentials only where they belong: on the client's own origin."""
        named = [(name.encode(), value.encode()) for name, value in request.headers]
        if not request.with_credentials or not self._own(request.target):
            return [*self._plain, *named]
        return [*self._plain, *((name.encode(), key.reveal().encode()) for name, key in self._credentials), *named]

    def _own(self, target: str) -> bool:
        if "://" not in target:
            return True
        split = urlsplit(target)
        return (split.scheme, split.netloc) == self._origin
