"""Incoming HTTP requests of the fault proxy: head first, body piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import h11

from failwell._support.exception_fields import ExceptionFields
from failwell.sandbox.log import Arrival, RequestLog
from failwell.sandbox.proxy.connection import GoneError, ProxyConnection

LONGEST_HEAD = 65_536
"""Most bytes of request line and headers."""


class MalformedRequestError(ExceptionFields, Exception):
    """What came in is not HTTP; *status* is the fitting answer."""

    status: int
    reason: str
    template = "The request is not valid HTTP/1.1: {reason}. Send it with an HTTP client."


class Incoming:
    """A request whose head has been read. Never holds more of its body than one read."""

    def __init__(self, client: ProxyConnection, parser: h11.Connection, head: h11.Request) -> None:
        self.head = head
        self.method = head.method.decode("ascii")
        self.target = head.target.decode("latin-1")
        self.path = path_of(self.target)
        self.complete = False
        self._client = client
        self._parser = parser
        self._arrival: Arrival | None = None
        self._body_hash = hashlib.sha256()
        self._body_length = 0

    def enter(self, log: RequestLog) -> None:
        """Have this request counted in *log*; its entry appears with `record`."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.head.headers.raw_items()]
        self._arrival = log.arrival(self.method, self.target, headers)

    def record(self, outcome: str, *, replayed: bool = False) -> None:
        """Write the entry, with as much of the body as has come in; only the first outcome counts."""
        if self._arrival is not None:
            self._arrival.record(outcome, self._body_hash.hexdigest(), self._body_length, replayed=replayed)

    @property
    def wants_close(self) -> bool:
        """Whether the client asked for the connection to end after the reply."""
        options = [value for name, value in self.head.headers if name == b"connection"]
        return self.head.http_version < b"1.1" or b"close" in [
            option.strip().lower() for value in options for option in value.split(b",")
        ]

    @property
    def rest(self) -> bytes:
        """What was read beyond this request: the next one, or the protocol that it switched to."""
        return self._parser.trailing_data[0]

    def header(self, name: str) -> str | None:
        """The value of the first header called *name* (lower case), if any."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.head.headers if key == wanted), None)

    async def body(self) -> AsyncIterator[bytes]:
        """The body, as it comes in. Raises: GoneError, MalformedRequestError."""
        while True:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as problem:
                raise MalformedRequestError(problem.error_status_hint, str(problem)) from problem
            if isinstance(event, h11.Data):
                data = bytes(event.data)
                self._body_hash.update(data)
                self._body_length += len(data)
                yield data
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
                return
            else:
                await _read_into(self._parser, self._client)

    async def invite(self) -> None:
        """Ask for the body, if the client waits to be asked. Not for a request that is passed on: the server asks."""
        if self._parser.they_are_waiting_for_100_continue:
            await self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def take_in(self) -> None:
        """Read the body to its end, keeping only its length and hash."""
        await self.invite()
        async for _ in self.body():
            pass


async def next_request(client: ProxyConnection, begun: bytes) -> Incoming | None:
    """
    The next request on *client*, which starts with the bytes *begun*; None when the client is done.

    Raises: GoneError, when it stops in the middle of a head; MalformedRequestError.
    """
    # One parser per request: the replies are none of its business, some of them break the rules on purpose.
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    if begun:
        parser.receive_data(begun)
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError as problem:
            raise MalformedRequestError(problem.error_status_hint, str(problem)) from problem
        if isinstance(event, h11.Request):
            return Incoming(client, parser, event)
        try:
            await _read_into(parser, client)
        except GoneError:
            if parser.trailing_data[0]:
                raise
            return None


def path_of(target: str) -> str:
    """The path in *target*, without query and, in a target such as a proxy gets, without scheme and host."""
    path = target.partition("?")[0]
    if "://" in path and not path.startswith("/"):
        return "/" + path.partition("://")[2].partition("/")[2]
    return path


async def _read_into(parser: h11.Connection, client: ProxyConnection) -> None:
    data = await client.read()
    if not data:
        raise GoneError("The client closed the connection in the middle of a request.")
    parser.receive_data(data)
