# ruff: noqa: D205, D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.testing import Asked, Events
from scopix import (
    ChatError,
    CircuitBreakerError,
    DescriptionError,
    ScopixConnectionError,
    ScopixPermissionError,
    ScopixTimeoutError,
    ServerError,
    SSEStreamError,
    ValidationError,
    VideoUploadError,
)
from tests.scopix.talk import Talk

from .stage import SESSION, UPLOADED, uploads

JOB = {"id": "job_1", "status": "running", "media_id": "vid_1"}
SENT = {"message_id": "msg_1", "events": "/api/v2/chat/sessions/chat_1/messages/msg_1/events"}


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> str:
    """The SDK, once blocking, once awaiting."""
    return str(request.param)


def look(client: Any) -> Any:
    """Any call."""
    return client.files.get("img_1")


@pytest.mark.documented("scopix-sdk", line=19)
@pytest.mark.parametrize("answer", [ScopixPermissionError("The key may only read."), 403])
def test_permission(colour: str, answer: object) -> None:
    """
    Insufficient permissions (HTTP 403)
    """
    with pytest.raises(ScopixPermissionError) as caught:
        Talk(colour, answer).ask(look)

    assert ("PERMISSION_DENIED", 403) == (caught.value.code, caught.value.status_code)


@pytest.mark.documented("scopix-sdk", line=33)
@pytest.mark.parametrize("status", [400, 422])
def test_validation(colour: str, status: int) -> None:
    """
    Request validation failed (HTTP 400/422)

    The details say which field it was.
    """
    error = ValidationError("It must be a number.", details={"field": "limit"})
    with pytest.raises(ValidationError) as caught:
        Talk(colour, error.with_case("VALIDATION_ERROR", status)).ask(lambda client: client.files.list())

    assert (status, {"field": "limit"}) == (caught.value.status_code, caught.value.details)


@pytest.mark.documented("scopix-sdk", line=42)
@pytest.mark.parametrize("answer", ["timeout", 504, ScopixTimeoutError("Too slow.")])
def test_timeout(colour: str, answer: object) -> None:
    """
    Operation timed out

    On the way, or as the server says.
    """
    with pytest.raises(ScopixTimeoutError) as caught:
        Talk(colour, answer).ask(look, max_retries=0)

    assert ("TIMEOUT", None) == (caught.value.code, caught.value.last_result)


@pytest.mark.documented("scopix-sdk", line=42)
def test_timeout_of_a_wait(colour: str) -> None:
    """
    Operation timed out

    A wait says how the job was last seen.
    """
    with pytest.raises(ScopixTimeoutError) as caught:
        Talk(colour, then=JOB).ask(lambda client: client.s3_connector.wait_for_job("job_1", timeout=5.0))

    assert ("TIMEOUT", "running", "job_1", None) == (
        caught.value.code,
        caught.value.last_result["status"],
        caught.value.resource_id,
        caught.value.status_code,
    )


@pytest.mark.documented("scopix-sdk", line=45)
def test_connection(colour: str) -> None:
    """
    Network connection failed
    """
    with pytest.raises(ScopixConnectionError) as caught:
        Talk(colour, "network").ask(look, max_retries=0)

    assert ("CONNECTION_ERROR", None) == (caught.value.code, caught.value.status_code)


@pytest.mark.documented("scopix-sdk", line=47)
@pytest.mark.parametrize("status", [500, 502, 503, 507, 599])
def test_server(colour: str, status: int) -> None:
    """
    Server-side error (HTTP 5xx)
    """
    with pytest.raises(ServerError) as caught:
        Talk(colour, status).ask(look, max_retries=0)

    assert ("SERVER_ERROR", status) == (caught.value.code, caught.value.status_code)


@pytest.mark.documented("scopix-sdk", line=49, part=1)
@pytest.mark.documented("scopix-sdk", line=49, part=2)
def test_circuit_breaker() -> None:
    """
    Service temporarily unavailable due to repeated failures.
    Retry after the specified delay.

    Five failures in a row open the circuit for 30 s. `retry_after` counts down; then the call is sent again.
    """
    clock = VirtualClock()

    def call(client: Any) -> list[tuple[str, float | None]]:
        seen: list[tuple[str, float | None]] = []
        for wait in (0, 0, 0, 0, 0, 0, 10, 20):
            clock.advance(wait)
            try:
                client.files.get("img_1")
            except (ServerError, CircuitBreakerError) as error:
                seen.append((error.code, getattr(error, "retry_after", None)))
        return seen

    seen = Talk("blocking", *[503] * 5, UPLOADED, clock=clock).ask(call, max_retries=0, clock=clock)

    assert [("SERVER_ERROR", None)] * 5 == seen[:5]
    assert [("CIRCUIT_OPEN", 30.0), ("CIRCUIT_OPEN", 20.0)] == [
        (code, round(after)) for code, after in seen[5:] if after is not None
    ]


@pytest.mark.documented("scopix-sdk", line=57)
def test_description(colour: str) -> None:
    """
    Description generation failed
    """
    error = DescriptionError("It cannot be read.", image_id="img_1", status="failed")
    with pytest.raises(DescriptionError) as caught:
        Talk(colour, error).ask(lambda client: client.files.describe("img_1"))

    assert {"image_id": "img_1", "status": "failed"} == caught.value.details


@pytest.mark.documented("scopix-sdk", line=60, part=1)
@pytest.mark.documented("scopix-sdk", line=60, part=2)
def test_descriptions_run_afterwards(colour: str) -> None:
    """
    AI descriptions run asynchronously after the upload call returns.
    Check result.description_status and result.description_error, or call results.raise_on_failures() on a
    BatchUploadResults to surface failures.
    """
    failed = {
        **UPLOADED,
        "description_status": "failed",
        "description_error": {"code": "VLM_PROVIDER_ERROR", "message": "The provider is down."},
    }

    def answer(asked: Asked) -> object:
        return {**SESSION, "files": [failed]} if asked.method == "GET" else uploads(UPLOADED)(asked)

    talking = Talk(colour, then=answer)
    results = talking.ask(lambda client: client.files.upload_batch(b"picture"))
    assert ("pending", None) == (results[0].description_status, results[0].description_error)
    assert results is results.raise_on_failures()

    later = Talk(colour, then=answer).ask(lambda client: client.files.refresh(results))
    [result] = later
    assert ("failed", "VLM_PROVIDER_ERROR") == (result.description_status, result.description_error.code)
    with pytest.raises(DescriptionError) as caught:
        later.raise_on_failures()
    assert ("img_1", "failed") == (caught.value.image_id, caught.value.status)
    assert "The provider is down." in str(caught.value)


@pytest.mark.documented("scopix-sdk", line=67)
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((ChatError("It is still answering.", session_id="chat_1", error_code="SESSION_BUSY"),), "SESSION_BUSY"),
        (
            (SENT, Events(b'event: error\ndata: {"error": {"code": "NO_CONTENT", "message": "Nothing there."}}\n\n')),
            "NO_CONTENT",
        ),
        ((ChatError("It failed.", session_id="chat_1"),), "CHAT_ERROR"),
    ],
    ids=["busy", "nothing", "failed"],
)
def test_chat(colour: str, answers: tuple[object, ...], code: str) -> None:
    """
    Chat operation failed
    """
    with pytest.raises(ChatError) as caught:
        Talk(colour, *answers).ask(lambda client: client.chat.ask("chat_1", "What is there?"), max_retries=0)

    assert (code, "chat_1", {"session_id": "chat_1"}) == (
        caught.value.code,
        caught.value.session_id,
        caught.value.details,
    )


@pytest.mark.documented("scopix-sdk", line=80)
def test_video_upload(colour: str, tmp_path: Any) -> None:
    """
    Multipart video upload failed before the file was fully registered
    """
    (tmp_path / "film.mp4").write_bytes(b"a film")
    error = VideoUploadError("It is not a video.", media_id="vid_1", stage="initiate", partial_chunks=0)
    with pytest.raises(VideoUploadError) as caught:
        Talk(colour, then=error).ask(lambda client: client.video_analysis.upload(tmp_path / "film.mp4"), max_retries=0)

    assert ("initiate", 0) == (caught.value.stage, caught.value.partial_chunks)
    assert {"media_id", "stage", "partial_chunks"} <= caught.value.details.keys()


@pytest.mark.documented("scopix-sdk", line=88)
def test_stream(colour: str) -> None:
    """
    SSE streaming connection failed after reconnection attempts
    """
    talking = Talk(colour, SENT, then=Events(ScopixConnectionError))
    with pytest.raises(SSEStreamError) as caught:
        talking.ask(lambda client: client.chat.ask("chat_1", "What is there?"))

    assert "SSE_STREAM_ERROR" == caught.value.code
    assert 1 < len([each for each in talking.sent.requests if each.method == "GET"])
