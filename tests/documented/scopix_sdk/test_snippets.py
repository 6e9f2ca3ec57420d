# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

from typing import Any

import pytest

from failwell.testing import Asked
from failwell.wire import Reply
from scopix import (
    AuthenticationError,
    DocumentProcessingError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ScopixConnectionError,
    ScopixError,
    ServerError,
    UploadError,
    ValidationError,
)

from .stage import UPLOADED, Stage, snippet, uploads

Printed = pytest.CaptureFixture[str]
BROKEN = UploadError("This is no picture.", filename="image.jpg", stage="decode").with_case("IMAGE_PROCESSING_ERROR")
FULL = QuotaExceededError("The storage is full.", available=5, limit=100)
SILENT = Reply(404, {"content-type": "application/json"}, b'{"detail": "Gone."}')
JOB = {"id": "job_abc123", "status": "running", "media_id": "vid_1"}
DENIED = {"code": "ACCESS_DENIED", "message": "The bucket may not be read."}


@pytest.mark.documented("scopix-sdk", line=9)
@pytest.mark.documented("scopix-sdk", lines=(12, 13))
def test_base(stage: Stage, capsys: Printed) -> None:
    """
    Base exception for all SDK errors
    """
    program = snippet(12, 13)
    assert "img_1" == stage.play(program, then=uploads(UPLOADED))["result"][0].file.id
    assert "" == capsys.readouterr().out

    stage.play(program, then=uploads(BROKEN))

    assert "Error code: UPLOAD_ERROR\nMessage: This is no picture.\n" in capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=15)
@pytest.mark.documented("scopix-sdk", lines=(17, 18))
@pytest.mark.parametrize("code", ["INVALID_API_KEY", "EXPIRED_API_KEY", "DEACTIVATED_API_KEY"])
def test_authentication(stage: Stage, capsys: Printed, code: str) -> None:
    """
    Invalid or missing API key (HTTP 401)
    """
    program = snippet(17, 18)
    stage.play(program, AuthenticationError().with_case(code))

    assert "Invalid API key - check your credentials\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=22)
@pytest.mark.documented("scopix-sdk", lines=(25, 26))
@pytest.mark.parametrize(("asked", "slept"), [(30, 30), (None, 5)])
def test_rate_limit(stage: Stage, capsys: Printed, waited: list[float], asked: int | None, slept: int) -> None:
    """
    API rate limit exceeded (HTTP 429)
    """
    program = snippet(25, 26)
    error = RateLimitError("Rate limit exceeded: 100 calls per 60 seconds", retry_after=asked)
    left = stage.play(program, error, then=uploads(UPLOADED))

    printed = f"Rate limited: Rate limit exceeded: 100 calls per 60 seconds\nRetry after: {asked} seconds\n"
    assert (printed, [slept], "img_1") == (capsys.readouterr().out, waited, left["result"][0].file.id)
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=27)
@pytest.mark.documented("scopix-sdk", lines=(30, 31))
@pytest.mark.parametrize("code", ["STORAGE_QUOTA_EXCEEDED", "USAGE_LIMIT_EXCEEDED"])
def test_quota(stage: Stage, capsys: Printed, code: str) -> None:
    """
    Upload or processing quota exceeded
    """
    program = snippet(30, 31)
    error = QuotaExceededError("Nothing is left.", available=5, limit=100).with_case(code)
    stage.play(program, then=uploads(error))

    assert "Quota exceeded: Nothing is left.\nAvailable: 5\nLimit: 100\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=36)
@pytest.mark.documented("scopix-sdk", lines=(39, 40))
@pytest.mark.parametrize(
    ("answer", "kind", "name"),
    [
        (ResourceNotFoundError("image", "nonexistent", message="Gone."), "image", "nonexistent"),
        (SILENT, "file", "nonexistent"),
    ],
    ids=["said", "not said"],
)
def test_not_found(stage: Stage, capsys: Printed, answer: object, kind: str, name: str) -> None:
    """
    Requested resource not found (HTTP 404)

    Where the API does not say what was not found, it is what was asked for.
    """
    program = snippet(39, 40)
    stage.play(program, answer)

    assert f"Not found: Gone.\nResource type: {kind}\nResource ID: {name}\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=52)
@pytest.mark.documented("scopix-sdk", lines=(55, 56))
def test_upload(stage: Stage, capsys: Printed) -> None:
    """
    File upload operation failed
    """
    program = snippet(55, 56)
    stage.play(program, then=uploads(BROKEN))

    assert "Upload failed: This is no picture.\nFilename: image.jpg\nStage: decode\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=62)
@pytest.mark.documented("scopix-sdk", lines=(65, 66))
def test_document(stage: Stage, capsys: Printed) -> None:
    """
    Document processing operation failed
    """
    program = snippet(65, 66)
    stage.play(program, None)
    assert "" == capsys.readouterr().out

    error = DocumentProcessingError("It is being read.", document_id="doc_abc123", status="processing")
    stage.play(program, error.with_case("DOCUMENT_PROCESSING_ERROR", 409))

    assert "Cannot process document: It is being read.\nDocument ID: doc_abc123\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=70)
@pytest.mark.documented("scopix-sdk", lines=(73, 74))
def test_cloud_storage(stage: Stage, capsys: Printed) -> None:
    """
    Cloud storage import/export job failed
    """
    program = snippet(73, 74)
    done = stage.play(program, JOB, {**JOB, "status": "completed"}, files=["a.png"])
    assert ("completed", "") == (done["job"].status, capsys.readouterr().out)

    stage.play(program, JOB, {**JOB, "status": "failed", "error": DENIED}, files=["a.png"])

    assert "Job failed: The bucket may not be read.\nJob ID: job_abc123\nStatus: failed\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=75)
@pytest.mark.documented("scopix-sdk", lines=(78, 79))
def test_s3_connector(stage: Stage, capsys: Printed) -> None:
    """
    S3 connector operation failed
    """
    program = snippet(78, 79)
    done = stage.play(program, {**JOB, "status": "completed"})
    assert ("completed", "") == (done["job"].status, capsys.readouterr().out)

    stage.play(program, JOB, {**JOB, "status": "failed", "error": DENIED})

    assert "Job failed: The bucket may not be read.\nJob ID: job_abc123\nStatus: failed\n" == capsys.readouterr().out
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", line=83)
@pytest.mark.documented("scopix-sdk", lines=(86, 87))
def test_video_analysis(stage: Stage, capsys: Printed) -> None:
    """
    VLM scene analysis failed — raised by wait_for_completion() when the job ends in failed state
    """
    program = snippet(86, 87)
    done = stage.play(program, {**JOB, "status": "completed"}, job_id="job_abc123")
    assert ("completed", "") == (done["final"].status, capsys.readouterr().out)

    failed = {**JOB, "status": "failed", "error": {"code": "UNREADABLE", "message": "No frame can be read."}}
    asked: list[Asked] = []

    def retried(request: Asked) -> object:
        asked.append(request)
        return {**JOB, "id": "job_2", "status": "queued"}

    stage.play(program, failed, retried, job_id="job_abc123")

    assert "Analysis failed for video vid_1: No frame can be read.\n" == capsys.readouterr().out
    assert [("POST", "/video-analysis/jobs/job_abc123/retry", {"media_id": "vid_1"})] == [
        (one.method, one.path, one.json) for one in asked
    ]
    assert program.lines == program.seen


SAFE: list[tuple[object, type[ScopixError], str]] = [
    (uploads(AuthenticationError()), AuthenticationError, "Invalid API key\n"),
    (uploads(RateLimitError(retry_after=7)), RateLimitError, "Rate limited. Retry after 7s\n"),
    (uploads(FULL), QuotaExceededError, "Quota exceeded: 5/100\n"),
    (
        uploads(ValidationError("Wrong.", details={"field": "filename"})),
        ValidationError,
        "Invalid request: Wrong.\nDetails: {'field': 'filename'}\n",
    ),
    (uploads(ServerError("Down.")), ServerError, "API error [SERVER_ERROR]: Down.\n"),
    (uploads(BROKEN), UploadError, "API error [UPLOAD_ERROR]: This is no picture.\n"),
]


@pytest.mark.documented("scopix-sdk", lines=(91, 97))
def test_comprehensive_error_handling(stage: Stage, capsys: Printed) -> None:
    """
    Each branch says what happened, and raises it again; without an error the results are returned.
    """
    program = snippet(91, 97)

    def upload(names: dict[str, Any]) -> Any:
        return names["safe_upload"](names["client"], "image.jpg")

    assert "img_1" == stage.play(program, then=uploads(UPLOADED), call=upload)[0].file.id
    for answers, kind, printed in SAFE:
        with pytest.raises(kind) as caught:
            stage.play(program, then=answers, call=upload)
        assert (kind, printed) == (type(caught.value), capsys.readouterr().out)
    assert program.lines == program.seen


@pytest.mark.documented("scopix-sdk", lines=(98, 101))
def test_retry_with_exponential_backoff(stage: Stage, capsys: Printed, waited: list[float]) -> None:
    """
    It waits as asked, or else 1 and 2 s, and raises what it meets the third time.
    """
    program = snippet(98, 101)

    def upload(names: dict[str, Any]) -> Any:
        return names["upload_with_retry"](names["client"], "image.jpg")

    def play(*answers: object) -> Any:
        waited.clear()
        return stage.play(program, then=uploads(*answers), call=upload)

    slow, asked, down = RateLimitError(), RateLimitError(retry_after=9), ServerError()
    assert ("img_1", [1, 9]) == (play(slow, asked, UPLOADED)[0].file.id, waited)
    assert "Rate limited, waiting 1s...\nRate limited, waiting 9s...\n" == capsys.readouterr().out
    assert ("img_1", [1, 2]) == (play(down, ScopixConnectionError(), UPLOADED)[0].file.id, waited)
    assert "Transient error, retrying in 1s...\nTransient error, retrying in 2s...\n" == capsys.readouterr().out
    for error, kind, pauses in (
        (slow, RateLimitError, [1, 2]),
        (down, ServerError, [1, 2]),
        (ScopixConnectionError(), ScopixConnectionError, [1, 2]),
        (BROKEN, UploadError, []),
    ):
        with pytest.raises(kind):
            play(error)
        assert pauses == waited
    assert program.lines == program.seen
