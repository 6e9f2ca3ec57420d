"""What all commands of `scopix` share: the client, the session, and what a user reads of an error."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from failwell.cli import CommandLine, CommandSession, worded
from scopix.exceptions import (
    CATALOGUE,
    CircuitBreakerError,
    RateLimitError,
    ResourceNotFoundError,
    ScopixConnectionError,
    ScopixError,
    ScopixTimeoutError,
    VideoAnalysisError,
    VideoUploadError,
)

if TYPE_CHECKING:
    from scopix.client import ScopixSync


def _connect(**settings: Any) -> ScopixSync:
    # Loaded when the arguments are understood: help needs no client.
    from scopix.client import ScopixSync

    return ScopixSync(**settings)


def told(error: ScopixError, missing: str | None = None) -> str:
    """*error* in lines: class and message, the remedy with the request id. *missing* is the remedy for a 404."""
    return worded(error, remedy(error, missing))


def remedy(error: ScopixError, missing: str | None = None) -> str:
    """What to do about *error* in a shell. Some of the contract's remedies speak to a Python program."""
    match error:
        case _ if error.case.on == "configuration":
            return ""  # the message says it
        case ScopixTimeoutError(resource_id=str(job_id)):
            return f"It was not canceled. Wait again for {shlex.quote(job_id)}, with a longer --timeout."
        case ScopixTimeoutError():
            return "Try again, or raise --timeout."
        case RateLimitError(retry_after=int(seconds)):
            return f"Wait {seconds} s, then try again."
        case CircuitBreakerError():
            return f"Wait {error.retry_after:.0f} s, then try again."
        case VideoUploadError():
            return "Upload the file again: what arrived is not sent twice."
        case VideoAnalysisError(media_id=str(media_id)):
            return f"Analyse it again: scopix videos analyze {shlex.quote(media_id)}"
        case ResourceNotFoundError() if missing is not None:
            return missing
        case ScopixConnectionError():
            return "Verify SCOPIX_BASE_URL and the connection, then try again."
        case _:
            return error.case.fix or ""


TOOL: CommandLine[ScopixSync] = CommandLine("scopix", CATALOGUE, _connect, "SCOPIX", "sk_...", told)

command = TOOL.command
Session = CommandSession["ScopixSync"]
