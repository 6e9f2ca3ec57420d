"""Transports and an event hook for httpx, httpx2: `httpx.Client(transport=Transport(SHOP, httpx.HTTPTransport()))`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.adapt.raising import araise_for, raise_for
from failwell.wire.contracts import AnyContract, catalogue_of

if TYPE_CHECKING:
    from typing import Unpack

    from failwell._support.secret import Secret
    from failwell.adapt.below import RequestOptions

    T = TypeVar("T")

    # httpx's and httpx2's clients accept nothing else, and neither is imported here.
    def Transport(contract: AnyContract, below: T, *, raises: bool = True, **options: Unpack[RequestOptions]) -> T:  # noqa: N802
        """To the type checkers it is a transport of the library that the one *below* is of."""
        ...

    AsyncTransport = Transport
else:
    from failwell.adapt.transports import AsyncRetryTransport as AsyncTransport, RetryTransport as Transport

__all__ = ["AsyncTransport", "Transport", "raising"]


def raising(
    contract: AnyContract,
    *,
    operation: Callable[[Any], str | None] | None = None,
    secrets: Iterable[str | Secret] = (),
) -> Callable[[Any], Any]:
    """An event hook out of which each response that is no success is raised, as the error that it is in *contract*.

        client = httpx.Client(event_hooks={"response": [raising(SHOP)]})

    It is the same for `AsyncClient`. A body that nobody has read yet is read, within bounds. A redirect is left to the
    client. *operation* is a function of the request; *secrets* are as `raise_for` has them.

    httpx calls its hooks before it answers a challenge: for a client with `DigestAuth` use `raise_for`.
    """
    catalogue, named = catalogue_of(contract), tuple(secrets)

    def hook(response: Any) -> Awaitable[None] | None:
        if response.has_redirect_location:
            return _nothing() if _is_awaited(response) else None
        name = None if operation is None else operation(response.request)
        if _is_awaited(response):
            return _awaited(araise_for(response, catalogue, operation=name, secrets=named))
        raise_for(response, catalogue, operation=name, secrets=named)
        return None

    return hook


def _is_awaited(response: Any) -> bool:
    """Whether an `AsyncClient` got *response*, which awaits its hooks."""
    return hasattr(response.stream, "__aiter__") and not hasattr(response.stream, "__iter__")


async def _nothing() -> None:
    """What is awaited of a response that passes."""


async def _awaited(raised: Awaitable[Any]) -> None:
    await raised
