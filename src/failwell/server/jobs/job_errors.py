"""Errors of jobs: kept in their rows the way in which they would travel, so that a client can raise them again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.contract.extras import needs
from failwell.server.refusal import entries_of
from failwell.wire import render_error

with needs("fastapi", __name__):
    from pydantic import BaseModel

MOST_FAILURES = 100
"""How many failures of parts a job tells of; it counts all."""


class JobError(BaseModel):
    """The reply that the error would have been."""

    status: int
    body: Any


class JobFailure(BaseModel):
    """A part of a job that failed: the how-manieth, counted from 0, of what file, and why."""

    index: int
    filename: str
    error_message: str
    error: JobError


def error_columns(error: Error, catalogue: Catalogue) -> tuple[str, str]:
    """The `error_message` and the `error` of a row that keeps *error*: a sentence, and the JSON of a `JobError`.

    The sentence says of fields what is wrong with them, and not where in a request they would be.
    """
    reply = render_error(error, catalogue)
    reasons = [str(entry["msg"]) for entry in entries_of(error)]
    return "; ".join(reasons) or str(error), json.dumps({"status": reply.status, "body": json.loads(reply.body)})


def job_error(row: sqlite3.Row) -> JobError | None:
    """The error that the row of a job keeps."""
    return JobError.model_validate_json(row["error"]) if row["error"] is not None else None


def job_failures(rows: Sequence[sqlite3.Row]) -> list[JobFailure]:
    """The failures that rows with `position`, `filename`, `error_message` and `error` tell of."""
    return [
        JobFailure(
            index=row["position"],
            filename=row["filename"],
            error_message=row["error_message"],
            error=JobError.model_validate_json(row["error"]),
        )
        for row in rows
    ]
