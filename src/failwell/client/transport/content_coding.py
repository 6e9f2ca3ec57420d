"""Content codings (gzip, deflate, br, zstd) undone to their end, in pieces of bounded size.

httpx2's own decoding takes half a gzip for a whole one, drops a second member, and does not know `x-gzip`.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import Any

import httpx2
from httpx2 import _decoders

LONGEST_REPLY = 64 * 1024 * 1024
"""Bytes of one decoded body that are held in memory, unless the client says otherwise."""
PIECE = 1024 * 1024
"""Bytes that one step gives at most, however small they were packed."""
MOST_CODINGS = 5
"""Codings that one body may have had, one over the other."""
GZIP = frozenset({"gzip", "x-gzip"})
OTHERS: dict[str, Any] = {name: made for name, made in _decoders.SUPPORTED_DECODERS.items() if name in ("br", "zstd")}
"""Those that httpx2 can undo because a package for them is installed; it tells so in a private part only."""
ACCEPTED = ", ".join(("gzip", "deflate", *OTHERS))
"""What a request says that its answer may be packed as."""


class TooLongError(httpx2.DecodingError):
    """The body of a success is longer than is held. Turned into the vendor's error."""


def too_long(longest: int) -> TooLongError:
    """What is said of a body of more than *longest* bytes."""
    return TooLongError(
        f"its body has more than {longest} bytes, the most that is held of one; ask for less at once, or make the "
        "client with a higher longest_reply="
    )


class _Zlib:
    """gzip (RFC 1952), member after member, or deflate, with a head as in RFC 1950 or without."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._start = b""
        self._member: Any = None
        self._ended = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What *data* goes on with."""
        while data:
            if self._member is None:
                if self._ended:  # some pad with zeros, as gzip itself does on tapes
                    data = data.lstrip(b"\0")
                data, self._start = self._start + data, b""
                if len(data) < 2:
                    self._start = data
                    return
                if self._ended and not self._gzip:
                    raise httpx2.DecodingError("there is something behind the end of its deflate")
                self._member = zlib.decompressobj(self._window(data))
            try:
                while piece := self._member.decompress(data, PIECE):
                    data = self._member.unconsumed_tail
                    yield piece
            except zlib.error as problem:
                raise httpx2.DecodingError(str(problem)) from problem
            if not self._member.eof:
                return
            data, self._member, self._ended = self._member.unused_data, None, True

    def end(self) -> None:
        """Return if nothing is missing."""
        if self._member is not None or self._start:
            raise httpx2.DecodingError(f"it broke off inside of its {'gzip' if self._gzip else 'deflate'}")

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return zlib.MAX_WBITS | 16
        headed = data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
        return zlib.MAX_WBITS if headed else -zlib.MAX_WBITS


class _Other:
    """What a package of httpx2's choice undoes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = OTHERS[name]()
        self._started = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What *data* goes on with."""
        self._started = self._started or bool(data)
        pieces: Iterator[bytes] = self._decoder.decode(data)
        return pieces

    def end(self) -> None:
        """Return if nothing is missing."""
        for _ in self._decoder.flush():
            pass
        finished = getattr(self._decoder.decompressor, "is_finished", None)  # brotli's; zstd's flush looks itself
        if self._started and finished is not None and not finished():
            raise httpx2.DecodingError(f"it broke off inside of its {self._name}")


class Decoding:
    """Undoes the codings that a `Content-Encoding` of *said* names, the last first. Unknown ones are left alone."""

    def __init__(self, said: str) -> None:
        known = [name for name in (part.strip().lower() for part in said.split(",")) if name in _KNOWN]
        self._times = len(known)
        self._steps = [
            _Other(name) if name in OTHERS else _Zlib(gzip=name in GZIP) for name in reversed(known[:MOST_CODINGS])
        ]

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What *data* goes on with, in pieces.

        Raises:
            DecodingError: it is not what was said, or was packed too often.
        """
        if self._times > MOST_CODINGS:
            raise httpx2.DecodingError(f"it was packed {self._times} times, and {MOST_CODINGS} times are undone")
        pieces: Iterable[bytes] = (data,)
        for step in self._steps:
            pieces = _through(step, pieces)
        return iter(pieces)

    def end(self) -> None:
        """Return if nothing is missing.

        Raises:
            DecodingError: the body broke off.
        """
        for step in self._steps:
            step.end()


_KNOWN = GZIP | {"deflate"} | OTHERS.keys()


def _through(step: _Zlib | _Other, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from step.decode(piece)


def pieces_of(response: httpx2.Response, said: str | None) -> Iterator[bytes]:
    """The decoded body of *response*, as it comes; its `Content-Encoding` *said* how it is packed."""
    if response.is_stream_consumed:  # by a hook of the user's own client, or there was none
        yield response.content
        return
    if not said:
        yield from response.iter_raw()
        return
    decoding = Decoding(said)
    for data in response.iter_raw():
        yield from decoding.decode(data)
    decoding.end()


async def apieces_of(response: httpx2.Response, said: str | None) -> AsyncGenerator[bytes, None]:
    """The same, awaited."""
    if response.is_stream_consumed:
        yield response.content
        return
    decoding = Decoding(said) if said else None
    async with aclosing(response.aiter_raw()) as raw:
        async for data in raw:
            if decoding is None:
                yield data
                continue
            for piece in decoding.decode(data):
                yield piece
    if decoding is not None:
        decoding.end()
