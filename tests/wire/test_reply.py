from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPMessage
from typing import Any

import pytest

from failwell.wire import Reply, parse_reply
from tests.contract.samples import CATALOGUES

BODY = '{"detail": "Zu schnell für uns"}'


def of_http_client() -> HTTPMessage:
    """Headers as `http.client`, and so `urllib`, has them."""
    message = HTTPMessage()
    message["Retry-After"] = "3"
    message["X-Request-ID"] = "req-1"
    return message


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3", "X-Request-ID": "req-1"},
        {"RETRY-AFTER": "3", "x-request-id": "req-1"},
        {b"Retry-After": b"3", b"X-Request-Id": b"req-1"},
        [("Retry-After", "3"), ("X-Request-ID", "req-1")],
        {"Retry-After": 3, "X-Request-ID": "req-1"},
        {"retry-after": 3, "x-request-id": "req-1"},
        {"Retry-After": ["3"], "X-Request-ID": ("req-1",)},
        [["retry-after", "3"], ["x-request-id", "req-1"]],
        of_http_client(),
    ],
)
def test_header_names_in_any_case(headers: Any) -> None:
    """
    The headers of a reply made by hand are found whatever the case of their names, and in any of the usual forms.
    """
    error: Any = parse_reply(Reply(429, headers, BODY), CATALOGUES["pictograph"])

    assert (3, "req-1") == (error.retry_after, error.request_id)


def enumerated(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """*pairs*, one by one."""
    yield from pairs


@pytest.mark.parametrize("once", [iter, reversed, enumerated], ids=lambda once: once.__name__)
def test_headers_that_are_read_once(once: Callable[[Any], Any]) -> None:
    """
    Pairs that can be read only once are read once.
    """
    pairs = [("retry-after", "3"), ("x-request-id", "req-1")]

    assert dict(pairs) == Reply(429, once(pairs)).headers


@pytest.mark.parametrize("body", [BODY, BODY.encode(), bytearray(BODY.encode()), memoryview(BODY.encode())])
def test_bodies_in_any_form(body: Any) -> None:
    """
    A body may be text, or bytes of any kind; it is kept as bytes.
    """
    error = parse_reply(Reply(429, {}, body), CATALOGUES["pictograph"])

    assert ("Zu schnell für uns", BODY.encode(), len(BODY.encode())) == (str(error), error.body, error.body_length)


@pytest.mark.parametrize(("headers", "body"), [(None, None), ({}, ""), ((), b""), ({}, 5)])
def test_nothing_there(headers: Any, body: Any) -> None:
    """
    C3. No headers and no body, in whatever form, are an error with its status.
    """
    error: Any = parse_reply(Reply(404, headers, body), CATALOGUES["pictograph"])

    assert (404, b"") == (error.status_code, error.body)


def test_repeated_headers_are_one_line() -> None:
    """
    Pairs of one name are one field (RFC 9110, 5.3).
    """
    assert {"a": "1, 2"} == Reply(200, [("A", "1"), ("a", "2")]).headers  # type: ignore[arg-type]  # by hand
