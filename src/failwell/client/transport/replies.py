"""A reply as it comes in: how much of its body is kept, and what a client is told of it. For all transports."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx2

from failwell._support.frozen import changed
from failwell._support.masking import masked_end
from failwell._support.secret import Secret
from failwell.client.transport.content_coding import too_long
from failwell.client.transport.content_error import ContentError
from failwell.client.transport.failures import TIMEOUTS, failure
from failwell.wire.json import KEPT, LONGEST
from failwell.wire.messages import Failure, Into, Reply

HIGHEST_KEPT = 16 * LONGEST
"""Bytes of an error body that are read at all; the rest is left on a connection that is then closed."""
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers by which the end of a body is known from that of its connection."""


class IncomingReply:
    """A reply of *status* and *headers*, whose body comes in: whole for a success, its start and length for an error.

    A success of more than *longest* bytes is refused. With *into* its body goes there instead; of an *excerpt* no more
    is kept than of an error.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        longest: int | None = None,
        into: Into | None = None,
        *,
        excerpt: bool = False,
    ) -> None:
        self.status = status
        self.headers = headers
        self._longest = longest
        self._write = _opened(into) if into is not None and 200 <= status < 300 else None
        self._cap = KEPT if status >= 300 or excerpt else None
        self._chunks: list[bytes] = []
        self._length = 0
        self._kept = 0
        # An error that ends with its connection may have been broken off.
        self.broken = self._cap is not None and FRAMING.isdisjoint(headers)

    def take(self, chunk: bytes) -> bool:
        """Keep *chunk*, or count it; False when enough was read."""
        self._length += len(chunk)
        if self._write is not None:
            self._write(chunk)
            return True
        if self._cap is None and self._longest is not None and self._length > self._longest:
            self._chunks.clear()
            raise too_long(self._longest)
        if self._cap is None or self._kept < self._cap:
            self._chunks.append(chunk)
            self._kept += len(chunk)
        return self._cap is None or self._length < HIGHEST_KEPT

    def reply(self, received: float | None, secrets: Callable[[], tuple[Secret, ...]] = tuple) -> Reply:
        """What arrived, as it arrived: an error that it becomes shows it without *secrets*.

        Only what was broken off, perhaps in the middle of one of them, is masked at its end.
        """
        body = b"".join(self._chunks)
        if self._cap is not None:
            body = body[: self._cap]
            if self.broken:
                body = masked_end(body, secrets())
        return Reply.arrived(self.status, self.headers, body, received, self._length)

    def head(self, received: float) -> Reply:
        """What arrived without its body."""
        return Reply.arrived(self.status, self.headers, b"", received)

    def failed(self, problem: Exception, received: float, secrets: tuple[Secret, ...]) -> Failure | None:
        """What *problem* with the body makes of it; None for an error, which is known by its status."""
        if self.status >= 400 and not isinstance(problem, TIMEOUTS):
            self.broken = True
            return None
        found = failure(problem, secrets)
        # A success whose body is not the gzip (or the like) that its headers announce has arrived all the same.
        return changed(found, head=self.head(received)) if isinstance(problem, httpx2.DecodingError) else found


def _opened(into: Into) -> Callable[[bytes], None]:
    """Writes a chunk where *into* leads. A failure to do so is the caller's, not the network's."""

    def write(chunk: bytes) -> None:
        try:
            put(chunk)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is the caller's
            raise ContentError(problem, problem.__traceback__) from None

    try:
        put = into()
    except Exception as problem:  # noqa: BLE001 - the same
        raise ContentError(problem, problem.__traceback__) from None
    return write
