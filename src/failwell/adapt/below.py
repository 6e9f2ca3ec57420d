"""What a transport below a client knows of a call: its options, from those of the transport and the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from failwell.adapt.call import CallOptions, PolicyOptions
from failwell.contract.error import Error

R = TypeVar("R")


class RequestOptions(PolicyOptions, total=False):
    """The options of a transport: those of a call, but that *operation* names it by its request."""

    operation: Callable[[Any], str | None]


def options_of(
    options: RequestOptions, request: Any, *, method: str, key: str | None, origin: str, rewindable: bool = True
) -> CallOptions:
    """The options of the call that *request* is: *method* to *origin*, with the idempotency *key* that it brings.

    A body that is not *rewindable* is never sent twice.
    """
    name = options.get("operation")
    rest = {option: value for option, value in options.items() if option != "operation"}
    found = cast("CallOptions", {**rest, "method": method, "idempotency_key": key or None, "origin": origin})
    if name is not None:
        found["operation"] = name(request)
    if not rewindable:
        found["max_retries"] = 0
    return found


def last_of(responses: list[R], error: Error, *, raises: bool) -> R:
    """The last of *responses*, for a client that makes its own errors of them; else *error* is raised."""
    if raises or not responses or (error.suppression is not None and not error.attempts):
        raise error
    return responses[-1]


def origin_of(url: str) -> str:
    """The scheme, host and port of *url*, for what calls to one server share."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}"
