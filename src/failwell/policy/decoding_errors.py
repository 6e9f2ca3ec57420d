"""What a decoder raises of a reply of 2xx that is no success: it is unreadable, or tells of a job that failed."""

from __future__ import annotations

from typing import Any

from failwell._support.exception_fields import ExceptionFields


class UnreadableReplyError(Exception):
    """A reply of 2xx that is not what the operation answers with. Turned into the vendor's error, never raised on."""


class JobFailedError(ExceptionFields, Exception):
    """A reply of 2xx about a job that ended with an error of *status* and *body*, as a reply of its own would have had.

    One of the status 0 had none: its code alone decides, among the errors of jobs, and its status is that of the reply.
    Turned into the vendor's error, never raised on.
    """

    status: int
    body: Any
    template = "{status}"
