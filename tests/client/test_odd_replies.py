from __future__ import annotations

import gzip
import json
import re
import socket
import struct
from typing import Any

import pytest

from pictograph.exceptions import (
    ApiError,
    AuthError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    RateLimitError,
    ServerError,
    ValidationError,
)

from .colours import FAST, KEY, RUN, asked, chain, every_colour, every_transport, mutate, raised, read
from .socket_server import Peer, Step, http, serving

FIELD_ERRORS = b'{"detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}]}'
HTML = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
CHUNKED = b"HTTP/1.1 %d Said\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n%s"


def lying_length(status: int, promised: int, body: bytes) -> bytes:
    """A reply that promises another length than it has."""
    return http(status, body).replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % promised)


def reset(peer: Peer) -> None:
    """End with RST."""
    peer.reset()


def reset_after(data: bytes) -> Step:
    """Say *data*, then end with RST."""

    def step(peer: Peer) -> None:
        peer.say(data)
        peer.reset()

    return step


def nested(depth: int) -> bytes:
    """An error body with lists inside lists."""
    return b'{"detail": ' + b"[" * depth + b"]" * depth + b"}"


ERROR_BODIES: dict[str, tuple[bytes, type[PictographError], str]] = {
    "detail is a sentence": (http(404, b'{"detail": "Run not found"}'), NotFoundError, "Run not found"),
    "detail is an object": (http(409, b'{"detail": {"message": "Taken"}}'), ConflictError, "Taken"),
    "detail is a list": (http(422, FIELD_ERRORS), ValidationError, "name: Field required"),
    "detail of a payment": (http(402, b'{"detail": {"message": "Out of credits"}}'), PaymentRequiredError, "Out of"),
    "message": (http(401, b'{"message": "Bad key"}'), AuthError, "Bad key"),
    "error as an object": (http(403, b'{"error": {"code": "X", "message": "No"}}'), ForbiddenError, "No"),
    "error as a sentence": (http(403, b'{"error": "No"}'), ForbiddenError, "No"),
    "errors as a list": (http(422, b'{"errors": ["a", "b"]}'), ValidationError, "a; b"),
    "problem+json": (
        http(404, b'{"title": "T", "detail": "Gone"}', kind="application/problem+json"),
        NotFoundError,
        "Gone",
    ),
    "plain text": (http(404, b"No such run.", kind="text/plain"), NotFoundError, "No such run."),
    "HTML of a proxy": (http(502, HTML, kind="text/html"), ServerError, "502 Bad Gateway"),
    "HTML said to be JSON": (http(502, HTML), ServerError, "502 Bad Gateway"),
    "empty": (http(500), ServerError, "500 Internal Server Error"),
    "empty without a type": (http(404, kind=""), NotFoundError, "404 Not Found"),
    "null": (http(404, b"null"), NotFoundError, "404 Not Found"),
    "a number": (http(404, b"12"), NotFoundError, "404 Not Found"),
    "a JSON string": (http(404, b'"gone"'), NotFoundError, "gone"),
    "a JSON list": (http(404, b'["gone"]'), NotFoundError, "gone"),
    "an empty object": (http(404, b"{}"), NotFoundError, "404 Not Found"),
    "detail is null": (http(404, b'{"detail": null}'), NotFoundError, "404 Not Found"),
    "detail is a number": (http(404, b'{"detail": 3}'), NotFoundError, ""),
    "half a JSON document": (http(404, b'{"detail": "Run no'), NotFoundError, "404 Not Found"),
    "NaN": (http(404, b'{"detail": NaN}'), NotFoundError, "404 Not Found"),
    "6,000 digits": (http(402, b'{"detail": {"required": %s}}' % (b"9" * 6_000)), PaymentRequiredError, "402"),
    "1,000 levels": (http(404, nested(1_000)), NotFoundError, ""),
    "100,000 levels": (http(404, nested(100_000)), NotFoundError, "404 Not Found"),
    "not UTF-8": (http(404, b'{"detail": "\xff\xfe"}'), NotFoundError, "404 Not Found"),
    "UTF-16": (http(404, '{"detail": "Run not found"}'.encode("utf-16")), NotFoundError, ""),
    "byte order mark": (http(404, b'\xef\xbb\xbf{"detail": "Run not found"}'), NotFoundError, ""),
    "lone surrogate": (http(404, b'{"detail": "\\ud800"}'), NotFoundError, ""),
    "10 MB": (http(500, b'{"detail": "' + b"x" * 10_000_000 + b'"}'), ServerError, "500 Internal Server Error"),
    "a long message": (http(500, json.dumps({"detail": "y" * 500_000}).encode()), ServerError, "yyy"),
    "binary": (http(500, bytes(range(256)), kind="application/octet-stream"), ServerError, "500 Internal"),
    "cut after some bytes": (lying_length(404, 1_000, b'{"detail": "Run no'), NotFoundError, "404 Not Found"),
    "longer than it says": (lying_length(404, 2, b'{"detail": "Run not found"}'), NotFoundError, "404 Not Found"),
    "bad gzip": (http(500, b"no gzip at all", "Content-Encoding: gzip"), ServerError, "500 Internal"),
    "good gzip": (http(404, gzip.compress(b'{"detail": "Zipped"}'), "Content-Encoding: gzip"), NotFoundError, "Zipped"),
    "unknown encoding": (http(404, b'{"detail": "As is"}', "Content-Encoding: rot13"), NotFoundError, "As is"),
    "bad chunk size": (CHUNKED % (500, b"zz\r\n"), ServerError, "500 Internal"),
    "chunks cut": (CHUNKED % (404, b'5\r\n{"det'), NotFoundError, "404 Not Found"),
    "unknown 4xx": (http(418, b'{"detail": "teapot"}'), ApiError, "teapot"),
    "499": (http(499), ApiError, "499"),
    "unknown 5xx": (http(599), ServerError, "599"),
    "status 600": (http(600), ApiError, "600"),
    "status 999": (http(999), ApiError, "999"),
    "unreadable Retry-After": (http(429, b'{"detail": "Slow"}', "Retry-After: soon"), RateLimitError, "Slow"),
    "headers in Latin-1": (http(404, b'{"detail": "x"}', "X-Name: caf\xe9"), NotFoundError, "x"),
    "100 headers": (http(404, b'{"detail": "x"}', *(f"X-{n}: {n}" for n in range(90))), NotFoundError, "x"),
    "redirect": (http(302, b"", "Location: /elsewhere"), ApiError, "302 Found"),
    "redirect without a target": (http(307), ApiError, "307 Temporary Redirect"),
    "not modified": (http(304), ApiError, "304 Not Modified"),
}

UNREADABLE: dict[str, bytes] = {
    "200 with broken JSON": http(200, b'{"data": {"id": '),
    "200 with HTML": http(200, HTML, kind="text/html"),
    "200 with nothing": http(200),
    "200 with null": http(200, b"null"),
    "200 with a list": http(200, b"[]"),
    "200 with a string": http(200, b'"ok"'),
    "200 with another shape": http(200, b'{"data": {"id": 7, "status": []}}'),
    "200 with data null": http(200, b'{"data": null}'),
    "200 with bad UTF-8": http(200, b'{"data": "\xff"}'),
    "200 with 100,000 levels": http(200, nested(100_000)),
    "200 with 6,000 digits": http(200, b'{"data": %s}' % (b"9" * 6_000)),
    "200 with bad gzip": http(200, b"no gzip", "Content-Encoding: gzip"),
    "204": http(204, kind=""),
    "206 with nothing": http(206),
    "HTTP/3.7 with nothing": b"HTTP/3.7 200 OK\r\n\r\n",
}

NO_ANSWER: dict[str, Step] = {
    "closed before a word": b"",
    "reset before a word": reset,
    "closed in the status line": b"HTTP/1.1 20",
    "reset in the status line": reset_after(b"HTTP/1.1 20"),
    "closed in the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "reset in the headers": reset_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "closed in the body": lying_length(200, 5_000, RUN),
    "reset in the body": reset_after(lying_length(200, 5_000, RUN)),
    "closed in a chunk": CHUNKED % (200, b"ff\r\nabc"),
    "reset in a chunk": reset_after(CHUNKED % (200, b"ff\r\nabc")),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/0.9": RUN,
    "status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "header with a zero byte": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "length of letters": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc",
    "1 MB of headers": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000,
    "zero bytes": b"\x00" * 64,
    "bad chunk size": CHUNKED % (200, b"zz\r\n"),
    "only 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n",
}

either_call = pytest.mark.parametrize("call", [read, mutate])


def check(error: PictographError, kind: type[PictographError]) -> None:
    """What holds for every error that a call ends with."""
    assert kind is type(error)
    assert 0 < len(str(error)) < 4_096
    assert "<html" not in str(error).lower()
    assert "object at 0x" not in str(error)
    assert 1 == len(error.attempts)
    for one in chain(error)[1:]:
        assert isinstance(one, Exception)
        assert (None, None, None) == (one.__traceback__, one.__context__, one.__cause__)
        assert not getattr(one, "_request", None)
        assert KEY not in repr(one)


@every_transport
@either_call
@pytest.mark.parametrize("name", ERROR_BODIES)
def test_error_replies(name: str, call: Any, colour: str) -> None:
    """
    R1. Whatever the body of an error reply looks like: the class of its status, with a human message.
    """
    step, kind, words = ERROR_BODIES[name]
    with serving(step) as server:
        error = raised(colour, call, base_url=server.url)

    check(error, kind)
    assert words in str(error)
    assert int(step.split(b" ", 2)[1]) == error.status_code


@every_transport
@either_call
@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_successes(name: str, call: Any, colour: str) -> None:
    """
    R1. A 2xx that is not what the operation answers with is the catch-all class, with a sentence about what came.
    """
    with serving(UNREADABLE[name]) as server:
        error = raised(colour, call, base_url=server.url)

    refused = name == "HTTP/3.7 with nothing" and colour in FAST  # by its library, where httpx2 reads on
    check(error, NetworkError if refused else ApiError)
    assert refused or "could not be read" in str(error)


@every_colour
def test_evidence_of_a_bad_gzip(colour: str) -> None:
    """
    A success that cannot be unpacked keeps its status and its request id, and the reason is its cause.
    """
    with serving(http(200, b"no gzip", "Content-Encoding: gzip", "X-Request-ID: r-1")) as server:
        error = raised(colour, read, base_url=server.url)

    (attempt,) = error.attempts
    assert (200, "r-1", b"") == (error.status_code, error.request_id, error.body)
    assert (200, "r-1") == (attempt.status, attempt.request_id)
    assert str(error.__cause__) == attempt.reason


@every_transport
@either_call
@pytest.mark.parametrize("name", NO_ANSWER)
def test_no_answer(name: str, call: Any, colour: str) -> None:
    """
    R1. A reply that is cut, reset or no HTTP is a NetworkError; the library's own exception is its cause, as a copy.
    """
    with serving(NO_ANSWER[name]) as server:
        error = raised(colour, call, base_url=server.url)

    check(error, NetworkError)
    assert error.__cause__ is not None
    assert "bytearray" not in str(error)
    if colour not in FAST:  # whose library says it in words of its own
        assert str(error).startswith("No whole answer to ")
        assert re.sub(r"bytearray\(b(.*)\)", r"\1", str(error.__cause__)).rstrip(".") in str(error)


@every_colour
@either_call
def test_refused(call: Any, colour: str) -> None:
    """
    A refused connection is a NetworkError.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = raised(colour, call, base_url=f"http://127.0.0.1:{port}")

    check(error, NetworkError)
    assert error.__cause__ is not None


@every_colour
@either_call
def test_reset_while_the_request_is_sent(call: Any, colour: str) -> None:
    """
    A connection that is reset before the request was read is a NetworkError.
    """
    with serving(reset, reading=False) as server:
        error = raised(colour, call, base_url=server.url)

    check(error, NetworkError)


@every_colour
def test_no_such_host(colour: str) -> None:
    """
    A name that does not resolve is a NetworkError.
    """
    check(raised(colour, read, base_url="http://pictograph.invalid"), NetworkError)


@every_colour
@pytest.mark.parametrize("answer", [http(200, RUN), b"", struct.pack("!BHH", 21, 0x0303, 2) + b"\x02\x28"])
def test_no_tls(answer: bytes, colour: str) -> None:
    """
    A server that does not speak TLS, or refuses the handshake, is a NetworkError.
    """
    with serving(answer, reading=False) as server:
        error = raised(colour, read, base_url=server.url.replace("http:", "https:"))

    check(error, NetworkError)


@every_colour
def test_an_endless_error_body(colour: str) -> None:
    """
    Of an error body that never ends only so much is read, and the call ends with the class of its status.
    """

    def endless(peer: Peer) -> None:
        peer.say(b"HTTP/1.1 500 No\r\n\r\n")
        while not peer.stopping.is_set():
            peer.say(b"x" * 1_000_000)

    with serving(endless) as server:
        error = raised(colour, read, base_url=server.url)

    check(error, ServerError)
    assert (8_192, True) == (len(error.body), error.body_truncated)


@every_colour
def test_good_answers(colour: str) -> None:
    """
    The same server with a good answer is answered from: the tests above could fail.
    """
    with serving(http(200, RUN)) as server:
        assert "run_1" == asked(colour, read, base_url=server.url).id
