"""What a decoder raises of a reply of 2xx that is no success: it is unreadable, or tells of a job that failed."""

from __future__ import annotations

from typing import Any


class UnreadableReplyError(Exception):
    """A reply of 2xx that is not what the operation answers with. Turned into the vendor's error, never raised on."""


class JobFailedError(Exception):
    """A reply of 2xx about a job that ended with an error of *status* and *body*, as a reply of its own would have had.

    One of the status 0 had none: its code alone decides, among the errors of jobs, and its status is that of the reply.
    Turned into the vendor's error, never raised on.
    """

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
