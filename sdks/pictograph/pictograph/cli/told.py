"""What a user of the command reads of an error: what happened, what to do in a shell, what to quote to support."""

from __future__ import annotations

import shlex

from failwell.cli import sentence, worded
from pictograph.exceptions import (
    ConfigurationError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ValidationError,
)

GROUPS = {"run_id": "training", "job_id": "batches", "import_id": "imports"}
"""Which commands know the job whose id an error has."""


def told(error: PictographError, missing: str | None = None) -> str:
    """*error* in lines: class and message, each offending field, the remedy with the request id.

    *missing* is the remedy for a 404.
    """
    fields = error.errors if isinstance(error, ValidationError) else []
    each = ["  " + sentence(f"{_place(field.get('loc'))}: {field.get('msg')}") for field in fields]
    return worded(error, remedy(error, missing), _message(error), *each)


def remedy(error: PictographError, missing: str | None = None) -> str:
    """What to do about *error* in a shell. Some of the contract's remedies speak to a Python program."""
    match error:
        case ConfigurationError():
            return ""  # the message says it
        case PollTimeoutError():
            group = next((group for name, group in GROUPS.items() if getattr(error, name)), "training")
            return f"Go on waiting: pictograph {group} wait {shlex.quote(error.resource_id or '')}"
        case RequestTimeoutError():
            return "Try again, or raise --timeout."
        case RateLimitError():
            wait = f"Wait {error.retry_after} s" if error.retry_after else "Wait a minute"
            return f"{wait}, then try again. Up to 120 s the command waits by itself."
        case ValidationError():
            return "Fix what the message names."
        case PaymentRequiredError():
            return f"Top up at: {error.upgrade_url}" if error.upgrade_url else "Top up your credits."
        case NotFoundError() if missing is not None:
            return missing
        case NetworkError():
            return "Verify PICTOGRAPH_BASE_URL and the connection, then try again: nothing was changed."
        case _:
            return error.case.fix or ""


def _message(error: PictographError) -> str:
    if not isinstance(error, PollTimeoutError) or error.timeout is None:
        return str(error)
    last = error.last_result
    seen = f'still "{last.get("status")}"' if isinstance(last, dict) else "of unknown status"
    return f"{error.resource_id} is {seen} after {error.timeout:g} s. It was not cancelled."


def _place(loc: object) -> str:
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else "?"
