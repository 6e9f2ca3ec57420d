"""Transports for httpx and httpx2 that repeat by contract, below a client, or an SDK that takes an `http_client=`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from failwell.adapt.below import RequestOptions, last_of, options_of, origin_of
from failwell.adapt.call import OutgoingAttempt
from failwell.adapt.retrying import acalling, calling
from failwell.contract.error import Error
from failwell.wire.contracts import AnyContract, catalogue_of

if TYPE_CHECKING:
    from typing import Unpack


class _Layer:
    """What both transports share: the contract, the transport below, and what a request is told for an attempt."""

    def __init__(
        self, contract: AnyContract, below: Any, *, raises: bool = True, **options: Unpack[RequestOptions]
    ) -> None:
        self._contract = catalogue_of(contract)
        self._below = below
        self._raises = raises
        self._options = options

    def _of(self, request: Any) -> Any:
        """The options of the call that *request* is."""
        key = request.headers.get(self._contract.headers.idempotency_key)
        rewindable = hasattr(request, "_content") or not hasattr(request.stream, "_generator")
        origin = origin_of(str(request.url))
        return options_of(self._options, request, method=request.method, key=key, origin=origin, rewindable=rewindable)

    def _prepare(self, request: Any, attempt: OutgoingAttempt) -> None:
        request.headers.update(attempt.headers)
        if attempt.timeout is not None:
            given = request.extensions.get("timeout", {})
            parts = ("connect", "read", "write", "pool")
            bounded = {part: _least(given.get(part), attempt.timeout) for part in parts}
            request.extensions = {**request.extensions, "timeout": bounded}


class RetryTransport(_Layer):
    """Sends with the transport *below* (`httpx.HTTPTransport()`), as often as *contract* says.

        client = httpx.Client(transport=Transport(SHOP, httpx.HTTPTransport()))

    Errors of the contract leave the client. With `raises=False` the last response is given back instead, for an SDK
    that makes its own errors of it; its own retries should be off. The other options are those of `calling`, but that
    *operation* is a function of the request.
    """

    def handle_request(self, request: Any) -> Any:
        """The response to *request*. Raises: Error."""
        responses: list[Any] = []

        def send(attempt: OutgoingAttempt) -> Any:
            self._prepare(request, attempt)
            response = self._below.handle_request(request)
            response.request = request
            if response.status_code >= 300:
                response.read()
                responses.append(response)
            return response

        try:
            return calling(self._contract, send, **self._of(request))
        except Error as error:
            return last_of(responses, error, raises=self._raises)

    def close(self) -> None:
        """Close the transport below."""
        self._below.close()

    def __enter__(self) -> Self:
        self._below.__enter__()
        return self

    def __exit__(self, *how: object) -> None:
        self._below.__exit__(*how)


class AsyncRetryTransport(_Layer):
    """The same for `httpx.AsyncClient`, over an `httpx.AsyncHTTPTransport()`."""

    async def handle_async_request(self, request: Any) -> Any:
        """The response to *request*. Raises: Error."""
        responses: list[Any] = []

        async def send(attempt: OutgoingAttempt) -> Any:
            self._prepare(request, attempt)
            response = await self._below.handle_async_request(request)
            response.request = request
            if response.status_code >= 300:
                await response.aread()
                responses.append(response)
            return response

        try:
            return await acalling(self._contract, send, **self._of(request))
        except Error as error:
            return last_of(responses, error, raises=self._raises)

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._below.aclose()

    async def __aenter__(self) -> Self:
        await self._below.__aenter__()
        return self

    async def __aexit__(self, *how: object) -> None:
        await self._below.__aexit__(*how)


def _least(given: float | None, most: float) -> float:
    return most if given is None else min(given, most)
