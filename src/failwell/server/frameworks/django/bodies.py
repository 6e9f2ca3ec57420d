"""The body of a request that Django has read before the contract is asked, as it does under ASGI."""

from __future__ import annotations

import io
from typing import Any

from django.http import HttpRequest

from failwell.server.http.bodies import may_have_body
from failwell.server.protocol import Scope
from failwell.server.refusal import Refusal

BOUNDED = "failwell.bounded_body"
"""Where a scope of ASGI has the body as `BoundedBodies` reads it."""


def body_of(request: HttpRequest, scope: Scope) -> Any:
    """The file that Django has the body in, under ASGI; None where a WSGI server still has it."""
    if "wsgi.input" in request.META:
        return None
    under_asgi: Any = request
    bounded: Any = under_asgi.scope.get(BOUNDED)
    file: Any = request._stream  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if may_have_body(scope):
        return _ClosedAtItsEnd(file, None if bounded is None else bounded.refused)
    file.close()  # where a stream breaks off Django leaves it open
    request._stream = io.BytesIO()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return io.BytesIO()


class _ClosedAtItsEnd:
    """A *file* that is closed when all of it was read: Django forgets one that the contract has put another for.

    Where more was *refused*, its end is none.
    """

    def __init__(self, file: Any, refused: Refusal | None) -> None:
        self._file = file
        self._refused = refused

    def read(self, most: int) -> bytes:
        """The next piece. Raises: Refusal, at the end of what was read, where it is not the end of the body."""
        piece: bytes = b"" if self._file.closed else self._file.read(most)
        if not piece:
            self._file.close()
            if self._refused is not None:
                raise self._refused
        return piece
