"""Responses of Django as messages of ASGI, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from failwell.server.protocol import ASGIMessage


def start_of(response: HttpResponseBase) -> ASGIMessage:
    """The message that *response* begins with."""
    headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in response.items()]
    if isinstance(response, HttpResponse) and "content-length" not in response:
        headers.append((b"content-length", str(len(response.content)).encode()))
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}


def with_head(response: Any, start: ASGIMessage) -> HttpResponseBase:
    """*response* with the status and the headers of *start*; its cookies stay."""
    response.status_code = start["status"]
    response.headers = ResponseHeaders({})
    made: HttpResponseBase = response
    for name, value in start["headers"]:
        text = value.decode("latin-1")
        key = name.decode("latin-1").title()
        made[key] = f"{made[key]}, {text}" if key in made else text
    return made


def pieces(first: ASGIMessage, rest: Iterable[ASGIMessage]) -> Iterator[bytes]:
    """The bodies of *first* and of the *rest*."""
    yield first["body"]
    yield from (message["body"] for message in rest if message.get("body"))
