"""What a transport below a client knows of a call: its options, from those of the transport and the request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypedDict, cast

if TYPE_CHECKING:
    from failwell._support.secret import Secret
    from failwell.adapt.call import CallOptions
    from failwell.clock import Clock
    from failwell.contract.resilience import Resilience, RetryProfile
    from failwell.runtime.driver import OnEvent


class RequestOptions(TypedDict, total=False):
    """The options of a transport: those of a call, but that *operation* names it by its request."""

    operation: Callable[[Any], str | None]
    timeout: float | None
    deadline: float | None
    max_retries: int | None
    retry: RetryProfile
    resilience: Resilience | None
    clock: Clock | None
    on_event: OnEvent | None
    secrets: Iterable[str | Secret]


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


def origin_of(url: str) -> str:
    """The scheme, host and port of *url*, for what calls to one server share."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}"
