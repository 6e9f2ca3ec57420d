"""Request header limits: how many bytes all headers of a request may have, and how many there may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from failwell.server.protocol import Scope
from failwell.server.refusal import Refusal, sizes


@dataclass(frozen=True, slots=True)
class HeaderLimits:
    """What the headers of a request may be; above that it is a 431, and nobody looks at them.

    Some servers have no limit of their own (uvicorn with httptools), others lower ones.
    """

    most_bytes: int = 32 * 1024
    most: int = 100

    def allow(self, scope: Scope) -> bool:
        """Whether the headers of *scope* are within the limits."""
        headers = scope["headers"]
        return len(headers) <= self.most and _size(headers) <= self.most_bytes

    def check(self, scope: Scope) -> None:
        """Refuse *scope* if its headers are above a limit.

        Raises:
            Refusal: 431.
        """
        if self.allow(scope):
            return
        headers = scope["headers"]
        if len(headers) > self.most:
            said = f"A request may have {self.most:,} headers, this one has more. Send fewer."
            raise Refusal(431, said, facts=sizes(self.most, len(headers)))
        said = f"A request may have {self.most_bytes:,} bytes of headers, this one has more. Send less in them."
        raise Refusal(431, said, facts=sizes(self.most_bytes, _size(headers)))


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum(map(len, chain.from_iterable(headers)))


HEADER_LIMITS = HeaderLimits()
"""What an app has unless it is told otherwise."""
