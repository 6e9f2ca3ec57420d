"""A response as it is stored and sent again: status, headers, body."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A stored response, which is replayed byte for byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request_id: str
