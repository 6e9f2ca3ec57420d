"""An adapter for sessions of requests that repeats by contract: `session.mount("https://", Adapter(SHOP))`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from failwell.adapt.below import RequestOptions, last_of, options_of, origin_of
from failwell.adapt.call import OutgoingAttempt
from failwell.adapt.retrying import calling
from failwell.contract.error import Error
from failwell.wire.contracts import AnyContract, catalogue_of

if TYPE_CHECKING:
    from typing import Unpack

    from requests import PreparedRequest, Response


class RetryAdapter(HTTPAdapter):
    """Sends as often as *contract* says, and raises its errors out of the session.

    With `raises=False` the last response is given back, for a client that makes its own errors of it. The other options
    are those of `calling`, but that *operation* is a function of the prepared request.
    """

    def __init__(self, contract: AnyContract, *, raises: bool = True, **options: Unpack[RequestOptions]) -> None:
        super().__init__()
        self._contract = catalogue_of(contract)
        self._raises = raises
        self._options = options

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """The response to *request*. Raises: Error."""
        responses: list[Response] = []
        key = request.headers.get(self._contract.headers.idempotency_key)
        options = options_of(
            self._options,
            request,
            method=request.method or "GET",
            key=key if isinstance(key, str) else None,
            origin=origin_of(request.url or ""),
            rewindable=request.body is None or isinstance(request.body, str | bytes),
        )
        given = kwargs.get("timeout")

        def send_once(attempt: OutgoingAttempt) -> Response:
            request.headers.update(attempt.headers)
            kwargs["timeout"] = given if attempt.timeout is None else attempt.timeout
            response = super(RetryAdapter, self).send(request, *args, **kwargs)
            if response.status_code >= 300:
                response.content  # noqa: B018 - read, so that it can be given back
                responses.append(response)
            return response

        try:
            return calling(self._contract, send_once, **options)
        except Error as error:
            return last_of(responses, error, raises=self._raises)
