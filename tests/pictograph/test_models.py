from __future__ import annotations

import pytest
from pydantic import BaseModel

from failwell.server import JobFailure
from pictograph import models
from pictograph_server.batches import Batch, Quote
from pictograph_server.imports import Import


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (Batch, models.BatchJob),
        (Quote, models.BatchQuote),
        (Import, models.ImportJob),
        (JobFailure, models.Failure),
    ],
)
def test_nothing_that_is_sent_is_dropped(sent: type[BaseModel], read: type[BaseModel]) -> None:
    """
    Whatever the server says of a job is an attribute of what the SDK returns, under the same name.
    """
    assert set() == set(sent.model_fields) - set(read.model_fields)


def test_failures_are_read() -> None:
    """
    A batch tells which of its images failed, and why.
    """
    failure = {"index": 3, "filename": "x.png", "error_message": "it is empty", "error": {"status": 422, "body": {}}}
    batch = models.BatchJob.model_validate({"job_id": "job_1", "status": "completed", "failures": [failure]})

    assert [(3, "x.png", "it is empty", 422)] == [
        (one.index, one.filename, one.error_message, one.error.status if one.error else None) for one in batch.failures
    ]
