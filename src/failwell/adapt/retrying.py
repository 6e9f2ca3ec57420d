"""`calling`: a function that sends with any library, called as often as the contract says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from typing import Unpack

    from failwell.adapt.call import CallOptions, OutgoingAttempt
    from failwell.wire.contracts import AnyContract

P = ParamSpec("P")
T = TypeVar("T")


@overload
def calling(contract: AnyContract, send: Callable[[OutgoingAttempt], T], **options: Unpack[CallOptions]) -> T: ...
@overload
def calling(
    contract: AnyContract, **options: Unpack[CallOptions]
) -> Callable[[Callable[Concatenate[OutgoingAttempt, P], T]], Callable[P, T]]: ...
def calling(contract: AnyContract, send: Callable[..., Any] | None = None, **options: Unpack[CallOptions]) -> Any:
    """Call *send* with each attempt, as often as *contract* says; the response of the last one.

        answer = calling(SHOP, lambda attempt: requests.post(url, json=order, headers=attempt.headers,
                                                              timeout=attempt.timeout), method="POST")

    *send* gives back a response of a library that `raise_for` knows, or what it made of one that was a success; what a
    library raises is understood as well. Retries, Retry-After, keys, budget, breaker and pacing are those of an SDK's
    client: the same policy runs. *contract* is a catalogue, a class of errors, a module of them, or a tuple of those.

    Without *send* it is a decorator: of `def order(attempt, sku)` it makes `order(sku)`, in the colour of the function.

    What *send* raises of its own leaves unchanged, with a note about the attempt.

    Raises:
        Error: the contract's, with every attempt, for the last reply or failure, or because nothing was sent.
    """
    # Policy, driver and all that they need is loaded with the first call.
    from failwell.adapt.running import decorator, run

    return decorator(contract, options) if send is None else run(contract, send, options)


@overload
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], Awaitable[T]], **options: Unpack[CallOptions]
) -> T: ...
@overload
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], T], **options: Unpack[CallOptions]
) -> T: ...
async def acalling(
    contract: AnyContract, send: Callable[[OutgoingAttempt], Any], **options: Unpack[CallOptions]
) -> Any:
    """The same for a *send* that is awaited, on asyncio and trio."""
    from failwell.adapt.running import arun

    return await arun(contract, send, options)
