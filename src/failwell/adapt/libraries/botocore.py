"""botocore's dicts: an answer of an AWS service is one, and so is the error that its `ClientError` holds."""

from __future__ import annotations

from typing import Any

from failwell.adapt.libraries.base import Library, rows
from failwell.wire import json


class Botocore(Library):
    """What `ResponseMetadata` says of the exchange, and `Error` of what went wrong."""

    roots = frozenset({"botocore", "boto3"})
    failures = (
        *rows("timeout", "ConnectTimeoutError", sent=False),
        *rows("timeout", "ReadTimeoutError"),
        *rows("network", "EndpointConnectionError", "ProxyConnectionError", sent=False),
        *rows("configuration", "NoCredentialsError", "ParamValidationError", sent=False),
        *rows("unreadable", "ResponseParserError"),
        *rows("network", "HTTPClientError", "ConnectionError"),
    )

    def status(self, response: Any) -> int:
        """The status of *response*; 0 where it does not say."""
        said = response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return said if isinstance(said, int) else 0

    def headers(self, response: Any) -> Any:
        """Its headers."""
        return response["ResponseMetadata"].get("HTTPHeaders", {})

    def body(self, response: Any) -> bytes:
        """What botocore has read of the body, as an object with code and message."""
        error = response.get("Error", {})
        said = {"code": error.get("Code"), "message": error.get("Message")}
        return json.dumps({"error": {name: words for name, words in said.items() if words}})
