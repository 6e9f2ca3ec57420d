"""WSGI: from a request of PEP 3333 to a scope of ASGI, and from the contract's reply back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from failwell.server.frameworks.blocking import BlockingRun
from failwell.server.http.bodies import may_have_body
from failwell.server.protocol import ASGIApp, ASGIMessage, ASGISend, Receive, Scope
from failwell.server.refusal import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE = 64 * 1024
"""Bytes of a request's body that are read at once."""

_PHRASES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def scope_of(environ: WSGIEnvironment) -> Scope:
    """The request of *environ* as ASGI has it."""
    headers = [
        (name[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    for name, key in ((b"content-type", "CONTENT_TYPE"), (b"content-length", "CONTENT_LENGTH")):
        if environ.get(key):
            headers.append((name, environ[key].encode("latin-1")))
    root = _text(environ.get("SCRIPT_NAME", ""))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": root + _text(environ.get("PATH_INFO", "")),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": root,
        "headers": headers,
        "extensions": {},
    }


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode("utf-8", "replace")


def reader(environ: WSGIEnvironment, body: Any = None) -> Callable[[], bytes]:
    """What gives the next piece of the body of *environ*, b"" at its end; *body* is a file of it that has an end."""
    if body is not None:
        return partial(body.read, PIECE)
    stream: Any = environ["wsgi.input"]
    # What is there, and not as much as was asked for: between two pieces a time limit can be kept.
    take: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    length: str = environ.get("CONTENT_LENGTH") or ""
    if length and not (length.isascii() and length.isdecimal()):
        return _malformed
    if not length:
        # Without a length the server must say that its stream ends.
        return partial(take, PIECE) if environ.get("wsgi.input_terminated") else bytes
    left = int(length[:20])

    def read() -> bytes:
        nonlocal left
        piece: bytes = take(min(left, PIECE))
        left -= len(piece)
        return piece

    return read


def _malformed() -> bytes:
    raise Refusal(400, "The Content-Length of this request is no number. Send one, in digits.")


def receiving(run: BlockingRun, read: Callable[[], bytes]) -> Receive:
    """The *receive* of a request whose pieces *read* gives."""
    over = False

    async def receive() -> ASGIMessage:
        nonlocal over
        if over:
            return {"type": "http.disconnect"}
        piece = await run.outside(read)
        over = not piece
        return {"type": "http.request", "body": piece, "more_body": not over}

    return receive


class RequestBody(io.RawIOBase):
    """The body of a request as *receive* gives it, for an app that reads a file; what that raises, the app meets."""

    def __init__(self, run: BlockingRun, receive: Receive) -> None:
        super().__init__()
        self._run = run
        self._receive = receive
        self._left = b""
        self._over = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, into: Any) -> int:
        """Read some bytes; 0 at the end."""
        while not self._left and not self._over:
            message = self._run.wait(self._receive())
            self._left = message.get("body", b"")
            self._over = not message.get("more_body", False)
        piece, self._left = self._left[: len(into)], self._left[len(into) :]
        into[: len(piece)] = piece
        return len(piece)


class Wsgi:
    """The WSGI *app*, as the contract calls it, and the contract, as a WSGI server calls it."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    async def asgi(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """Let the app answer."""
        run: BlockingRun = scope["failwell.blocking"]
        environ: WSGIEnvironment = scope["failwell.environ"]
        if may_have_body(scope):
            environ["wsgi.input"] = io.BufferedReader(RequestBody(run, receive))
        answer = _Answer(self._app, environ)
        # One context for the whole request: what a view sets, the generator of its stream reads.
        context = copy_context()
        try:
            await run.outside(partial(context.run, answer.begin))
            piece = await run.outside(partial(context.run, answer.next))
            await send(answer.start())
            while piece is not None:
                last = answer.is_whole
                await send({"type": "http.response.body", "body": piece, "more_body": not last})
                if last:
                    return
                piece = await run.outside(partial(context.run, answer.next))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await run.outside(partial(context.run, answer.close))

    def through(self, contract: ASGIApp) -> WSGIApplication:
        """The app as servers call it, with *contract* around it."""

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            run, scope = BlockingRun(), scope_of(environ)
            environ["failwell.scope"] = scope
            scope["failwell.environ"], scope["failwell.blocking"] = environ, run
            handled: Any = contract(scope, receiving(run, reader(environ)), run.send)
            messages = run.messages(handled)
            start = next(messages)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
            start_response(_PHRASES.get(start["status"], f"{start['status']} Unknown"), headers)
            return _Pieces(messages)

        return application


class _Answer:
    """What the app answers, taken piece by piece."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self.is_whole = False
        self._app = app
        self._environ = environ
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._written: list[bytes] = []
        self._pieces: Iterator[bytes] = iter(())
        self._returned: Any = None
        self._left: int | None = None

    def begin(self) -> None:
        """Call the app."""
        self._returned = self._app(self._environ, self._start_response)
        self._pieces = iter(self._returned)

    def next(self) -> bytes | None:
        """The next piece of the body that is not empty; None at the end."""
        piece = self._written.pop(0) if self._written else next((piece for piece in self._pieces if piece), None)
        if self._left is not None and piece is not None:
            self._left -= len(piece)
            self.is_whole = self._left <= 0
        return piece

    def start(self) -> ASGIMessage:
        """The message that the reply begins with."""
        if self._head is None:
            raise RuntimeError("The app did not call start_response.")
        status, headers = self._head
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return {"type": "http.response.start", "status": int(status[:3]), "headers": encoded}

    def close(self) -> None:
        """Tell the app that its reply was taken, or is not wanted."""
        close = getattr(self._returned, "close", None)
        if close is not None:
            close()

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        del exc_info  # a second head replaces the first, as none of it was sent
        self._head = (status, headers)
        length = next((value for name, value in headers if name.lower() == "content-length"), None)
        self._left = int(length) if length is not None and length.isdecimal() else None
        return self._written.append


class _Pieces:
    """The body of a reply, as a server takes it."""

    def __init__(self, messages: Any) -> None:
        self._messages = messages

    def __iter__(self) -> Iterator[bytes]:
        return (message["body"] for message in self._messages if message.get("body"))

    def close(self) -> None:
        """End the request, also if nobody wants the rest."""
        self._messages.close()
