"""Errors of jobs: kept in their rows the way in which they would travel, so that a client can raise them again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from failwell.wire import render_error
from pictograph.exceptions import CATALOGUE, PictographError, ValidationError

MOST_FAILURES = 100
"""How many failures of parts a job tells of; it counts all."""


class JobError(BaseModel):
    """The reply that the error would have been."""

    status: int
    body: Any


class Failure(BaseModel):
    """A part of a job that failed: the how-manieth, counted from 0, of what file, and why."""

    index: int
    filename: str
    error_message: str
    error: JobError


def on_the_wire(error: PictographError) -> str:
    """*error* as the JSON of a `JobError`."""
    reply = render_error(error, CATALOGUE)
    return json.dumps({"status": reply.status, "body": json.loads(reply.body)})


def reason_of(error: PictographError) -> str:
    """What went wrong, in a sentence: of fields, what is wrong with them and not where in a request they would be."""
    if isinstance(error, ValidationError) and error.errors:
        return "; ".join(str(entry["msg"]) for entry in error.errors)
    return error.message


def error_in(row: sqlite3.Row) -> JobError | None:
    """The error that the row of a job keeps."""
    return JobError.model_validate_json(row["error"]) if row["error"] is not None else None


def failures_in(rows: Sequence[sqlite3.Row]) -> list[Failure]:
    """The failures that rows with `position`, `filename`, `error_message` and `error` tell of."""
    return [
        Failure(
            index=row["position"],
            filename=row["filename"],
            error_message=row["error_message"],
            error=JobError.model_validate_json(row["error"]),
        )
        for row in rows
    ]
