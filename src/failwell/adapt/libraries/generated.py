"""Clients that a generator wrote, or that are built like those: told by what their exceptions hold, not by names.

openapi-generator's `ApiException`, openapi-python-client's `UnexpectedStatus`, Stainless' `APIStatusError`, Speakeasy's
`SDKError`, Kiota's `APIError`, azure-core's `HttpResponseError`, google-api-core's `GoogleAPICallError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failwell.adapt.libraries.base import FailureRow, Library
from failwell.adapt.libraries.recognition import library_of_response
from failwell.wire import json

STATUSES = ("status_code", "response_status_code", "status", "code", "http_status")
"""Attributes that such an exception has its status in."""
BODIES = ("body", "content", "raw_response", "message", "error")
"""Attributes that it has its body in, the most faithful first."""
TELLING = ("body", "content", "raw_response", "response_headers")
"""Attributes that tell it from an exception of somebody who only likes to name a status."""
NAMED = frozenset({"GoogleAPICallError", "HttpResponseError"})
HEADERS = ("headers", "response_headers")


class Generated(Library):
    """An exception with a status and a body is a response."""

    failures: tuple[FailureRow, ...] = (
        FailureRow("APITimeoutError", "timeout"),
        FailureRow("APIConnectionError", "network"),
        FailureRow("APIResponseValidationError", "unreadable"),
        FailureRow("ServiceRequestTimeoutError", "timeout", sent=False),
        FailureRow("ServiceResponseTimeoutError", "timeout"),
        FailureRow("ServiceRequestError", "network", sent=False),
        FailureRow("ServiceResponseError", "network"),
    )

    def row(self, problem: BaseException) -> FailureRow | None:
        """What *problem* is, by the name of its class."""
        names = {cls.__name__ for cls in type(problem).__mro__}
        return next((row for row in self.failures if row.name in names), None)

    def reads(self, found: object) -> bool:
        """An exception that is its own response."""
        return isinstance(found, BaseException)

    def response_of(self, problem: BaseException) -> Any:
        """The response that *problem* holds, or itself, if it has a status and what came with it."""
        for name in ("response", "raw_response"):
            held = getattr(problem, name, None)
            if held is not None and library_of_response(held) is not None:
                return held
        tells = any(hasattr(problem, name) for name in TELLING) or type(problem).__name__ in NAMED
        return problem if status_of(problem) is not None and tells else None

    def status(self, response: Any) -> int:
        """The status of *response*."""
        return status_of(response) or 0

    def headers(self, response: Any) -> Any:
        """Its headers, where it has them."""
        return next((found for name in HEADERS if (found := getattr(response, name, None))), {})

    def body(self, response: Any) -> bytes:
        """Its body, as bytes again where the client has parsed it."""
        for name in BODIES:
            found = getattr(response, name, None)
            if isinstance(found, bytes):
                return found
            if isinstance(found, str) and found:
                return found.encode("utf-8", "replace")
            if isinstance(found, Mapping | list) and found:
                return json.dumps(found)
        return str(response).encode("utf-8", "replace")


def status_of(problem: object) -> int | None:
    """The HTTP status that *problem* names, or None."""
    for name in STATUSES:
        found = getattr(problem, name, None)
        # Some have an enum of statuses, whose members are numbers.
        if isinstance(found, int) and not isinstance(found, bool) and 300 <= found <= 599:
            return int(found)
    return None
