"""A client middleware for aiohttp that repeats by contract: `ClientSession(middlewares=(middleware(SHOP),))`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from failwell.adapt.below import RequestOptions, last_of, options_of, origin_of
from failwell.adapt.call import OutgoingAttempt
from failwell.adapt.retrying import acalling
from failwell.contract.error import Error
from failwell.wire.contracts import AnyContract, catalogue_of

if TYPE_CHECKING:
    from typing import Unpack


def middleware(
    contract: AnyContract, *, raises: bool = True, **options: Unpack[RequestOptions]
) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """Sends as often as *contract* says, and raises its errors out of the session.

    With `raises=False` the last response is given back. The other options are those of `calling`, but that *operation*
    is a function of the request. aiohttp's own timeout is for the whole call: set it as the session's `ClientTimeout`.
    """
    catalogue = catalogue_of(contract)

    async def send(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        responses: list[Any] = []

        async def send_once(attempt: OutgoingAttempt) -> Any:
            request.headers.update(attempt.headers)
            response = await handler(request)
            if response.status >= 300:
                await response.read()
                responses.append(response)
            return response

        call = options_of(
            options,
            request,
            method=request.method,
            key=request.headers.get(catalogue.headers.idempotency_key),
            origin=origin_of(str(request.url)),
            rewindable=not hasattr(request.body, "_value") or isinstance(getattr(request.body, "_value", b""), bytes),
        )
        try:
            return await acalling(catalogue, send_once, **call)
        except Error as error:
            return last_of(responses, error, raises=raises)

    return send
