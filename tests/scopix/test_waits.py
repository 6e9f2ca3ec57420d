from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import failwell
from failwell.wire import Reply
from scopix import (
    CloudStorageError,
    DocumentProcessingError,
    ResourceNotFoundError,
    S3ConnectorError,
    ScopixError,
    ScopixTimeoutError,
    UploadError,
    ValidationError,
    VideoAnalysisError,
)

from .talk import JOB, Talk

Talking = Callable[..., Talk]
DOCUMENT = {"id": "doc_1", "filename": "a.pdf", "status": "processing"}
CONNECTION = {"id": "conn_1", "provider": "local", "bucket": "b"}
OBJECT = {"key": "a.png", "size": 3}
HIT = {"document_id": "doc_1", "filename": "a.pdf", "snippet": "six", "score": 0.5}

WAITS: dict[str, tuple[Callable[..., Any], dict[str, Any], type[ScopixError], str, dict[str, str]]] = {
    "documents": (
        lambda client, **more: client.documents.wait_for_completion("doc_1", **more),
        DOCUMENT,
        DocumentProcessingError,
        "/documents/doc_1",
        {"document_id": "doc_1", "status": "{}"},
    ),
    "cloud_storage": (
        lambda client, **more: client.cloud_storage.wait_for_job("job_1", **more),
        JOB,
        CloudStorageError,
        "/cloud-storage/jobs/job_1",
        {"job_id": "job_1", "job_status": "{}"},
    ),
    "s3_connector": (
        lambda client, **more: client.s3_connector.wait_for_job(job_id="job_1", **more),
        JOB,
        S3ConnectorError,
        "/s3-connector/jobs/job_1",
        {"job_id": "job_1", "job_status": "{}"},
    ),
    "video_analysis": (
        lambda client, **more: client.video_analysis.wait_for_completion("job_1", **more),
        JOB,
        VideoAnalysisError,
        "/video-analysis/jobs/job_1",
        {"media_id": "vid_1", "analysis_job_id": "job_1", "status": "{}"},
    ),
}
every_wait = pytest.mark.parametrize("name", WAITS)


@every_wait
def test_waits_until_it_is_done(talk: Talking, name: str) -> None:
    """
    A job is looked at until it has ended; a look that fails does not end the wait.
    """
    wait, job, _, path, _ = WAITS[name]
    talking = talk(job, 503, job, "network", {**job, "status": "completed"})
    done = talking.ask(wait)

    assert ("completed", True) == (done.status, done.finished)
    assert [f"GET {path}"] * 5 == talking.asked


@every_wait
@pytest.mark.parametrize("status", ["failed", "canceled"])
@pytest.mark.parametrize(
    ("problem", "message", "code"),
    [
        ({"code": "BUCKET_NOT_FOUND", "message": "There is no bucket."}, "There is no bucket.", "BUCKET_NOT_FOUND"),
        ({"code": "VLM_PROVIDER_ERROR", "message": "It is down."}, "It is down.", "VLM_PROVIDER_ERROR"),
        (None, "it ended as {}", None),
    ],
    ids=["its own code", "a documented code", "silent"],
)
def test_a_job_that_failed(
    talk: Talking, name: str, status: str, problem: dict[str, str] | None, *, message: str, code: str | None
) -> None:
    """
    A job that failed is the error of its kind, whatever its code, with the ids and the status that the page has.
    """
    wait, job, kind, _, details = WAITS[name]
    with pytest.raises(kind) as caught:
        talk({**job, "status": status, "error": problem}).ask(wait)

    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    expected = {key: value.format(status) for key, value in details.items()}
    assert (message.format(status), expected, code) == (error.message, error.details, error.body_code)
    assert expected == {key: getattr(error, key) for key in expected}


@every_wait
def test_time_is_up(talk: Talking, name: str) -> None:
    """
    When time is up the error has the last result, and a token with which another process waits on.
    """
    wait, job, _, _, _ = WAITS[name]
    with pytest.raises(ScopixTimeoutError, match='is still "') as caught:
        talk(then=job).ask(lambda client: wait(client, timeout=30.0))

    error: Any = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert ("TIMEOUT", job["id"], 30.0) == (error.code, error.resource_id, error.timeout)
    assert job.items() <= {**error.last_result}.items()
    assert "sk_test" not in error.resume_token
    talking = talk({**job, "status": "completed"})
    assert "completed" == talking.ask(lambda client: failwell.resume(error.resume_token, client)).status


@every_wait
def test_nothing_to_wait_for(talk: Talking, name: str) -> None:
    """
    What is not there is named; a timeout that cannot work is refused.
    """
    wait, job, _, _, _ = WAITS[name]
    with pytest.raises(ResourceNotFoundError) as caught:
        talk(Reply(404, {}, b'{"detail": "gone"}')).ask(wait)
    assert job["id"] == caught.value.resource_id
    with pytest.raises(ScopixError, match="timeout is -1"):
        talk().ask(lambda client: wait(client, timeout=-1))


@pytest.mark.parametrize(
    ("call", "path", "payload"),
    [
        (
            lambda client, **more: client.cloud_storage.import_and_wait(
                connection_id="conn_1", files=["a.png"], **more
            ),
            "/cloud-storage/imports",
            {"connection_id": "conn_1", "files": ["a.png"]},
        ),
        (
            lambda client, **more: client.cloud_storage.export_and_wait("conn_1", ["img_1"], prefix="out/", **more),
            "/cloud-storage/exports",
            {"connection_id": "conn_1", "file_ids": ["img_1"], "prefix": "out/"},
        ),
    ],
    ids=["import", "export"],
)
def test_copying_and_waiting(talk: Talking, call: Callable[..., Any], path: str, payload: dict[str, Any]) -> None:
    """
    Imports and exports are begun once, and waited for; when time is up the token waits on, and begins nothing anew.
    """
    talking = talk(JOB, JOB, {**JOB, "status": "completed", "result": {"files": 1}})
    assert {"files": 1} == talking.ask(call).result
    assert [f"POST {path}", *["GET /cloud-storage/jobs/job_1"] * 2] == talking.asked
    assert payload == talking.sent.requests[0].json

    with pytest.raises(CloudStorageError) as failed:
        talk(JOB, {**JOB, "status": "failed", "error": {"code": "DENIED", "message": "No."}}).ask(call)
    assert {"job_id": "job_1", "job_status": "failed"} == failed.value.details

    with pytest.raises(ScopixTimeoutError) as caught:
        talk(JOB, then=JOB).ask(lambda client: call(client, timeout=5))
    again = talk({**JOB, "status": "completed"})
    again.ask(lambda client: failwell.resume(caught.value.resume_token or "", client))
    assert ["GET /cloud-storage/jobs/job_1"] == again.asked

    untried = talk()
    with pytest.raises(ScopixError, match="timeout is 'x'"):
        untried.ask(lambda client: call(client, timeout="x"))
    assert [] == untried.asked


def test_retry_of_an_analysis(talk: Talking) -> None:
    """
    What failed is retried with what the error has, as on the page.
    """
    with pytest.raises(VideoAnalysisError) as caught:
        talk({**JOB, "status": "failed"}).ask(
            lambda client: client.video_analysis.wait_for_completion("job_1", timeout=600)
        )
    error = caught.value
    talking = talk({**JOB, "id": "job_2"})
    job = talking.ask(lambda client: client.video_analysis.retry(error.analysis_job_id, error.media_id))

    assert ("job_2", ["POST /video-analysis/jobs/job_1/retry"]) == (job.id, talking.asked)
    assert {"media_id": "vid_1"} == talking.sent.requests[0].json


FILE = {"id": "img_1", "filename": "a"}
BUCKET = {"provider": "local", "bucket": "b", "prefix": ""}
CALLS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "POST /cloud-storage/connections": (
        lambda client: client.cloud_storage.create_connection("local", "b"),
        CONNECTION,
        BUCKET,
    ),
    "GET /cloud-storage/connections": (lambda client: client.cloud_storage.list_connections(), [CONNECTION], None),
    "DELETE /cloud-storage/connections/conn_1": (
        lambda client: client.cloud_storage.delete_connection("conn_1"),
        None,
        None,
    ),
    "GET /cloud-storage/connections/conn_1/objects": (
        lambda client: client.cloud_storage.objects("conn_1"),
        [OBJECT],
        None,
    ),
    "POST /cloud-storage/jobs/job_1/cancel": (lambda client: client.cloud_storage.cancel_job("job_1"), JOB, None),
    "POST /s3-connector/jobs": (
        lambda client: client.s3_connector.start_job("b", prefix="p/"),
        JOB,
        {"bucket": "b", "prefix": "p/"},
    ),
    "GET /s3-connector/jobs": (lambda client: client.s3_connector.list_jobs(), [JOB], None),
    "POST /videos/vid_1/analyses": (lambda client: client.video_analysis.analyze("vid_1"), JOB, None),
    "GET /videos/vid_1": (lambda client: client.video_analysis.get("vid_1"), {"media_id": "vid_1"}, None),
    "GET /documents": (lambda client: client.documents.list(limit=5), [DOCUMENT], None),
    "GET /documents/search": (lambda client: client.documents.search("six"), [HIT], None),
    "DELETE /documents/doc_1": (lambda client: client.documents.delete("doc_1"), None, None),
    "GET /files": (lambda client: client.files.list(kind="image"), [FILE], None),
    "GET /files/img_1": (lambda client: client.files.get(file_id="img_1"), FILE, None),
    "POST /files/img_1/description": (lambda client: client.files.describe("img_1"), FILE, None),
    "GET /files/img_1/content": (lambda client: client.files.content("img_1"), b"bytes", None),
    "DELETE /files/img_1": (lambda client: client.files.delete("img_1"), None, None),
    "DELETE /videos/vid_1": (lambda client: client.video_analysis.delete("vid_1"), None, None),
}


@pytest.mark.parametrize("asked", CALLS)
def test_calls(talk: Talking, asked: str) -> None:
    """
    Each method makes the one request that the wire has for it; what changes something carries a key.
    """
    call, answer, payload = CALLS[asked]
    talking = talk({"data": answer} if isinstance(answer, list) else answer)
    found = talking.ask(call)
    found, given = (found[0], answer[0]) if isinstance(found, list) else (found, answer)

    assert ([asked], asked.startswith("GET")) == (talking.asked, talking.keys == [None])
    assert payload is None or payload == talking.sent.requests[0].json
    assert given == (found.model_dump(include=given.keys()) if isinstance(given, dict) else found)


@pytest.mark.parametrize(
    ("call", "kind", "name"),
    [
        (lambda client: client.files.get("img_9"), "file", "img_9"),
        (lambda client: client.files.delete("img_9"), "file", "img_9"),
        (lambda client: client.documents.get("doc_9"), "document", "doc_9"),
        (lambda client: client.cloud_storage.get_job("job_9"), "job", "job_9"),
        (lambda client: client.cloud_storage.delete_connection("conn_9"), "connection", "conn_9"),
        (lambda client: client.s3_connector.get_job("job_9"), "job", "job_9"),
        (lambda client: client.video_analysis.get("vid_9"), "video", "vid_9"),
        (lambda client: client.video_analysis.retry("job_9", "vid_9"), "job", "job_9"),
        (lambda client: client.video_analysis.delete("vid_9"), "video", "vid_9"),
    ],
    ids=["file", "deleted file", "document", "cloud job", "connection", "S3 job", "video", "analysis", "deleted video"],
)
def test_what_is_missing_is_named(talk: Talking, call: Callable[[Any], Any], kind: str, name: str) -> None:
    """
    A 404 names what was asked for, also where the server does not say.
    """
    with pytest.raises(ResourceNotFoundError) as caught:
        talk(Reply(404, {}, b'{"detail": "Rule not found"}')).ask(call)

    assert {"resource_type": kind, "resource_id": name} == caught.value.details
    assert "Rule not found" == caught.value.message


def test_a_document_is_uploaded(talk: Talking, tmp_path: Path) -> None:
    """
    A document goes as it is, under its name; what cannot be read, and what is refused, is an UploadError.
    """
    path = tmp_path / "notes.md"
    path.write_bytes(b"# Six")
    talking = talk(DOCUMENT)
    document = talking.ask(lambda client: client.documents.upload(path))
    [request] = talking.sent.requests

    assert ("doc_1", ["POST /documents"], b"# Six") == (document.id, talking.asked, request.content)
    assert ({"filename": "notes.md"}, "text/markdown") == (dict(request.query), request.headers["content-type"])
    with pytest.raises(UploadError, match=r"gone\.md could not be read: No such file") as caught:
        talk().ask(lambda client: client.documents.upload(path.with_name("gone.md")))
    assert {"filename": "gone.md", "stage": "read"} == caught.value.details
    too_large = UploadError("2 MiB is too much.", filename="notes.md").with_case("HTTP_413")
    with pytest.raises(UploadError):
        talk(too_large).ask(lambda client: client.documents.upload(path))


def test_pages_of_files(talk: Talking) -> None:
    """
    All files are iterated over, page by page.
    """

    def rows(asked: Any) -> dict[str, Any]:
        first = asked.query["offset"] == "0"
        return {"data": [{"id": "img_1", "filename": "a"}] * (2 if first else 1), "pagination": {"has_more": first}}

    from failwell.conformance.adapter import events_of

    talking = talk(then=rows)
    assert 3 == len(talking.ask(lambda client: events_of(client.files.iter(page_size=2))))
    assert ["GET /files"] * 2 == talking.asked


def test_validation(talk: Talking) -> None:
    """
    What the server does not accept is a ValidationError, with the field among its details.
    """
    body = b'{"detail": {"code": "VALIDATION_ERROR", "message": "Bad provider", "field": "provider"}}'
    with pytest.raises(ValidationError) as caught:
        talk(Reply(422, {}, body)).ask(lambda client: client.cloud_storage.create_connection("tape", "b"))

    assert ("Bad provider", {"field": "provider"}) == (caught.value.message, caught.value.details)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("files", lambda client: client.cloud_storage.import_files("conn_1", "a.png")),
        ("files", lambda client: client.cloud_storage.import_and_wait("conn_1", "a.png")),
        ("file_ids", lambda client: client.cloud_storage.export_files("conn_1", "img_1")),
        ("file_ids", lambda client: client.cloud_storage.export_and_wait("conn_1", b"img_1")),
    ],
    ids=["import", "import and wait", "export", "export and wait"],
)
def test_one_text_is_no_list(talk: Talking, name: str, call: Callable[[Any], Any]) -> None:
    """
    One key or id in place of a list is a TypeError, before it is taken letter by letter.
    """
    talking = talk()
    with pytest.raises(TypeError, match=f"^{name} is one text. Pass a list, also for a single one.$"):
        talking.ask(call)

    assert [] == talking.asked
