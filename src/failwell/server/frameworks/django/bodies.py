"""The body of a request that Django has read before the contract is asked, as it does under ASGI."""

from __future__ import annotations

import io
from typing import Any

from django.http import HttpRequest

from failwell.server.http.bodies import may_have_body
from failwell.server.protocol import Scope


def body_of(request: HttpRequest, scope: Scope) -> Any:
    """The file that Django has the body in, under ASGI; None where a WSGI server still has it."""
    if "wsgi.input" in request.META:
        return None
    file: Any = request._stream  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if may_have_body(scope):
        return _ClosedAtItsEnd(file)
    file.close()  # where a stream breaks off Django leaves it open
    request._stream = io.BytesIO()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return io.BytesIO()


class _ClosedAtItsEnd:
    """A *file* that is closed when all of it was read: Django forgets one that the contract has put another for."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, most: int) -> bytes:
        piece: bytes = self._file.read(most)
        if not piece:
            self._file.close()
        return piece
