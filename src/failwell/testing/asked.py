"""Recorded requests: what a client sent, for a test to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from failwell._support.frozen import Frozen
from failwell._support.masking import masked
from failwell._support.secret import MASK

if TYPE_CHECKING:
    from failwell._support.secret import Secret
    from failwell.client.core import Core
    from failwell.wire.messages import Request


class Asked(Frozen):
    """One attempt: a retry is another one. Keys in headers and signatures in URLs are `***`, header names lower case.

    *path* is what the operation asked for, without the query; *url* where it went, without it too.
    """

    method: str
    path: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    operation: str | None
    idempotency_key: str | None
    timeout: float | None

    @property
    def json(self) -> Any:
        """The body as parsed JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<Asked {self.method} {self.path}>"


def asked_by(core: Core, request: Request, content: bytes, timeout: float | None, secrets: tuple[Secret, ...]) -> Asked:
    """What *request* is on the wire, as *core* sends it."""
    target = urlsplit(request.target)
    signed = not request.target.startswith("/")
    query = {name: MASK if signed else value for name, value in parse_qsl(target.query, keep_blank_values=True)}
    headers = {
        name.decode().lower(): masked(value, secrets).decode("latin-1")
        for name, value in core.prepared.headers(request)
    }
    url = str(core.prepared.place(request.target).url).partition("?")[0]
    return Asked(
        request.method,
        target.path,
        url,
        query,
        headers,
        content,
        request.operation,
        request.idempotency_key,
        timeout,
    )
