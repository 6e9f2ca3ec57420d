"""The failure of a caller's own request body, which is no failure of the call: apart, it loads no HTTP library."""

from __future__ import annotations

from types import TracebackType

from failwell._support.exception_fields import ExceptionFields


class ContentError(ExceptionFields, Exception):
    """The caller's own body failed with *problem* while it was read; *tail* is the caller's half of the traceback.

    The other half, of the transport, has local variables with credentials.
    """

    problem: Exception
    tail: TracebackType | None
    template = "{problem}"
