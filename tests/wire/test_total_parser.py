from __future__ import annotations

import copy

import pytest
from hypothesis import given

from failwell import Catalogue, log_fields
from failwell._support import truncation
from failwell.contract.reporting import hint
from failwell.wire import Reply, parse_reply, render_error, snapshot
from tests.contract.samples import CATALOGUES
from tests.contract.samples.instances import through_pickle
from tests.wire.samples import REPLIES, odd_bodies

ALL = pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES)
ODD_BODIES = odd_bodies()
CONTENT_TYPES = ["application/json", "application/problem+json", "text/html", "text/plain; charset=utf-16", "", "\x00"]


def check(reply: Reply, catalogue: Catalogue) -> None:
    """Everything that is promised of an error, whatever *reply* it was parsed from."""
    error = parse_reply(reply, catalogue)

    assert isinstance(error, catalogue.base)
    assert reply.status == error.status_on_the_wire
    assert (reply.headers.get("x-request-id") or error.request_id) == error.request_id
    assert reply.body[: catalogue.body_cap] == error.body
    assert (len(reply.body), len(reply.body) > catalogue.body_cap) == (error.body_length, error.body_truncated)
    assert str(error).strip()
    assert len(str(error)) < 4096
    assert str(error).encode()
    once = parse_reply(render_error(error, catalogue), catalogue)
    assert snapshot(once) == snapshot(parse_reply(render_error(once, catalogue), catalogue))
    assert str(error) == str(through_pickle(error)) == str(copy.deepcopy(error))
    assert {"error.type", "error.message", "error.source", "error.status"} <= log_fields(error).keys()
    assert isinstance(hint(error), str)


@ALL
def test_any_reply(catalogue: Catalogue) -> None:
    """
    C3. Any status, any bytes and any headers give an error of the vendor with a human message, and no other exception.
    """
    given(REPLIES)(lambda reply: check(reply, catalogue))()


@ALL
@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_odd_bodies(catalogue: Catalogue, body: bytes) -> None:
    """
    C3. A body that nobody expected still gives the vendor's error, with its status, its request id and its first bytes.
    """
    for status in (100, 204, 302, 400, 401, 404, 409, 418, 422, 429, 500, 502, 599):
        check(Reply(status, {"content-type": "application/json", "x-request-id": "req-1"}, body), catalogue)


@ALL
@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_wrong_content_type(catalogue: Catalogue, content_type: str) -> None:
    """
    JSON is read whatever the reply calls it; a page of HTML is not shown as a message.
    """
    page = b"<html><title>502 Bad Gateway</title></html>"
    check(Reply(502, {"content-type": content_type}, page), catalogue)
    readable = parse_reply(render_error(parse_reply(Reply(404), catalogue), catalogue), catalogue)
    mislabelled = parse_reply(
        Reply(404, {"content-type": content_type}, render_error(readable, catalogue).body), catalogue
    )

    assert snapshot(readable) == snapshot(mislabelled)


@pytest.mark.parametrize("status", [499, 502, 503])
def test_a_proxy_page_is_not_the_message(status: int) -> None:
    """
    A proxy's HTML page becomes a sentence about the status; the page itself is kept as the body.
    """
    page = b"<html><body>Bad Gateway</body></html>"
    error = parse_reply(Reply(status, {"content-type": "text/html"}, page), CATALOGUES["pictograph"])

    assert (False, True) == ("<" in str(error), str(status) in str(error))
    assert page == error.body


def test_short_plain_text_is_the_message() -> None:
    """
    A short `text/plain` body is what the server had to say.
    """
    reply = Reply(503, {"content-type": "text/plain; charset=utf-8"}, b"  upstream connect error\n")

    assert "upstream connect error" == str(parse_reply(reply, CATALOGUES["pictograph"]))


def test_long_plain_text_is_not_the_message() -> None:
    """
    A `text/plain` body of more than 2 KiB is a page, not a sentence.
    """
    error = parse_reply(Reply(503, {"content-type": "text/plain"}, b"x" * 2049), CATALOGUES["pictograph"])

    assert "503 Service Unavailable, without a readable message" == str(error)


def test_long_body_is_cut() -> None:
    """
    Of a long body the first 8 KiB are kept, with its full length and a flag; a catalogue may keep more.
    """
    reply = Reply(500, {}, b"x" * 10_000)
    small, large = (parse_reply(reply, CATALOGUES[name]) for name in ("pictograph", "vectorshift"))

    assert (b"x" * truncation.BODY, 10_000, True) == (small.body, small.body_length, small.body_truncated)
    assert (reply.body, 10_000, False) == (large.body, large.body_length, large.body_truncated)


def test_a_body_that_was_cut_on_its_way_in() -> None:
    """
    A reply of which only the start was read still tells how long it was.
    """
    error = parse_reply(Reply(500, {}, b"{" * 100, length=5_000_000), CATALOGUES["pictograph"])

    assert (100, 5_000_000, True) == (len(error.body), error.body_length, error.body_truncated)


@ALL
def test_no_status_is_without_a_class(catalogue: Catalogue) -> None:
    """
    Every status from 100 to 599 is an error of every catalogue, and keeps its number.
    """
    assert [*range(100, 600)] == [
        parse_reply(Reply(status), catalogue).status_on_the_wire for status in range(100, 600)
    ]


@ALL
def test_the_request_id_in_the_header_wins(catalogue: Catalogue) -> None:
    """
    The id in the header is the one of this reply; the body's is read when there is none.
    """
    body = b'{"request_id": "in the body", "error": {"message": "m"}, "detail": "m"}'
    in_header = parse_reply(Reply(404, {"x-request-id": "in the header"}, body), catalogue)
    in_body = parse_reply(Reply(404, {}, body), catalogue)

    assert "in the header" == in_header.request_id
    assert in_body.request_id in ("in the body", None)
