"""ASGI as types, which are those of every framework, and the parts of a request that the contract reads by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
ASGISend = Callable[[ASGIMessage], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, ASGISend], Awaitable[None]]

CONTRACT = "failwell.contract"
"""Where a scope has the contract that it came in through."""


UNDECLARED = "failwell.undeclared"
"""Where a scope has the `UndeclaredError` of an error that was answered inside of the app."""

CUT = "failwell.cut"
"""Where a scope has what an app raised when its reply had begun, if middleware around it would end that in order."""


ANSWERED = "failwell.answered"
"""Where a scope has the kind of content of the error that it was answered with: by the contract, or by a handler."""

BEGUN = "failwell.begun"
"""Where a scope says that a handler sends its reply by itself, so that it cannot be held back."""


class ClientLeftError(Exception):
    """The client closed the connection before its request was whole."""


def kind_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The kind of content that *headers* of a reply tell, without its parameters; "" if they tell none."""
    for name, value in headers:
        if name.lower() == b"content-type":
            return value.partition(b";")[0].strip().lower().decode("latin-1")
    return ""


def header_values(scope: Scope, name: str) -> list[str]:
    """What the request says in the header *name*, in lower case, as often as it says it."""
    if not has_header(scope, name):
        return []
    wanted = name.encode("latin-1")
    return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]


def has_header(scope: Scope, name: str) -> bool:
    """Whether the request has the header *name*, in lower case."""
    return name.encode("latin-1") in dict(scope["headers"])


def header(scope: Scope, name: str) -> str:
    """What the request says first in the header *name*, in lower case; "" if it says nothing."""
    said: bytes = dict(reversed(scope["headers"])).get(name.encode("latin-1"), b"")
    return said.decode("latin-1")
