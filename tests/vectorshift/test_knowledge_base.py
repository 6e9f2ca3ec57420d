from __future__ import annotations

import hashlib
import io
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from vectorshift import (
    KbIngestionFailed,
    KbIngestionTimeout,
    KbNotFound,
    KnowledgeBase,
    NotFoundError,
    VectorshiftApiError,
    VectorshiftError,
)

from .sdk import Sdk

TEXT = b"Parcels are sent on Mondays."
TARGET = {"presigned_url": "https://storage.example/put?signature=x", "s3_key": "k/1"}
UPLOAD = (TARGET, None, {"file_id": "f1"})
PENDING = {"task_id": "i1", "status": "PENDING", "item_ids": ["d1"]}
COMPLETED = {"task_id": "i1", "status": "completed", "item_ids": ["d1"]}
FAILED = {"task_id": "i1", "status": "failed", "error": "it is no text"}


@pytest.fixture
def base() -> KnowledgeBase:
    """One that was fetched."""
    return KnowledgeBase("k1", name="parcels")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What is uploaded."""
    path = tmp_path / "parcels.txt"
    path.write_bytes(TEXT)
    return path


def test_made_fetched_listed_deleted(sdk: Sdk) -> None:
    """
    A knowledge base is made, fetched by its id or its name, listed and deleted.
    """
    one = {"_id": "k1", "name": "parcels"}
    with sdk.answered({"id": "k1"}, {"object": one}, {"objects": [one]}, {"status": "success"}) as sent:
        made = sdk.call(KnowledgeBase, "new", "parcels")
        assert "k1" == sdk.call(KnowledgeBase, "fetch", name="parcels").id
        assert ["k1"] == [each.id for each in sdk.call(KnowledgeBase, "list")]
        sdk.call(made, "delete")

    assert "KnowledgeBase(id='k1', name='parcels')" == repr(made)
    assert [
        ("POST", "/knowledge-base"),
        ("GET", "/knowledge-base"),
        ("GET", "/knowledge-bases/"),
        ("DELETE", "/knowledge-base/k1"),
    ] == [(each.method, each.path) for each in sent.requests]


def test_not_found(sdk: Sdk, base: KnowledgeBase) -> None:
    """
    One that is not there is a `KbNotFound`, which is a `NotFoundError` with the call and the answer.
    """
    with sdk.answered(KbNotFound("There is no k1.")), pytest.raises(NotFoundError) as caught:
        sdk.call(base, "query", "When?")

    assert (KbNotFound, 404, "POST", "/knowledge-base/k1/query") == (
        type(caught.value),
        caught.value.status_code,
        caught.value.method,
        caught.value.endpoint,
    )


@pytest.mark.parametrize("opened", [False, True])
def test_files_are_added(sdk: Sdk, base: KnowledgeBase, file: Path, opened: bool) -> None:
    """
    A file is uploaded to where the API says, with its checksum and without the key, and then ingested.
    """
    given: Any = file.open("rb") if opened else str(file)
    try:
        with sdk.answered(*UPLOAD, PENDING) as sent:
            (task,) = sdk.call(base, "add_files", [given])
    finally:
        if opened:
            given.close()

    asked, put, told, ingested = sent.requests
    digest = hashlib.sha256(TEXT)
    about = {
        "name": "parcels.txt",
        "mime_type": "text/plain",
        "content_hash": digest.hexdigest(),
        "path": "parcels.txt",
    }
    assert (("i1", False), len(TEXT)) == ((task.task_id, task.finished), asked.json["file_size"])
    assert ("PUT", TEXT, b64encode(digest.digest()).decode()) == (
        put.method,
        put.content,
        put.headers["x-amz-checksum-sha256"],
    )
    assert "authorization" not in {name.lower() for name in put.headers}
    assert {"s3_key": "k/1", "metadata": about} == told.json
    assert {"file_data": {"file": {"id": "f1", "s3_key": "k/1", "metadata": about}}} == ingested.json


def test_waiting(sdk: Sdk, base: KnowledgeBase, file: Path) -> None:
    """
    Who waits is given what has been ingested.
    """
    with sdk.answered(*UPLOAD, PENDING, PENDING, 503, COMPLETED):
        (task,) = sdk.call(base, "add_files_and_wait", [file])

    assert ("completed", ["d1"]) == (task.status, task.item_ids)


def test_ingestion_that_fails(sdk: Sdk, base: KnowledgeBase, file: Path) -> None:
    """
    One that fails is a `KbIngestionFailed`, and no error of a run; who only looks at it is told.
    """
    with sdk.answered(*UPLOAD, PENDING, FAILED), pytest.raises(KbIngestionFailed) as caught:
        sdk.call(base, "add_files_and_wait", [file])
    with sdk.answered(FAILED):
        looked = sdk.call(base, "ingestion_status", "i1")

    assert ("i1", "it is no text") == (caught.value.task_id, caught.value.run_error)
    assert not isinstance(caught.value, VectorshiftApiError)
    assert ("failed", "it is no text") == (looked.status, looked.error)


def test_ingestion_that_takes_too_long(sdk: Sdk, base: KnowledgeBase, file: Path) -> None:
    """
    One that does not end in time is a `KbIngestionTimeout`, and a `TimeoutError`.
    """
    with sdk.answered(*UPLOAD, then=PENDING), pytest.raises(TimeoutError) as caught:
        sdk.call(base, "add_files_and_wait", [file], timeout=20)

    assert isinstance(caught.value, KbIngestionTimeout)
    assert ("i1", 20) == (caught.value.task_id, caught.value.timeout)


def test_files_that_are_none(sdk: Sdk, base: KnowledgeBase, tmp_path: Path) -> None:
    """
    What is not there, and what is empty, is told before anything is sent.
    """
    with sdk.answered():
        with pytest.raises(FileNotFoundError):
            sdk.call(base, "add_files", [tmp_path / "gone.txt"])
        with pytest.raises(VectorshiftError, match="is empty"):
            sdk.call(base, "add_files", [io.BytesIO(b"")])


@pytest.mark.parametrize(
    "answer",
    [
        {
            "status": "success",
            "result": {"chunks": {"chunks": [{"chunk": {"content": "Mondays", "id": "c1"}, "score": 2}]}},
        },
        {"chunks": [{"text": "Mondays", "score": 2.0, "chunk_id": "c1"}]},
        {"result": {"documents": {"documents": [{"page_content": "Mondays", "relevance_score": 2, "id": "c1"}]}}},
    ],
)
def test_query(sdk: Sdk, base: KnowledgeBase, answer: Any) -> None:
    """
    What is found are passages with their scores, in whichever of its shapes the API says it.
    """
    with sdk.answered(answer) as sent:
        (found,) = sdk.call(base, "query", "When?", top_k=3)

    assert ("Mondays", 2.0, "c1") == (found.text, found.score, found.chunk_id)
    assert (["When?"], 3) == (sent.requests[0].json["queries"], sent.requests[0].json["config"]["top_k"])


@pytest.mark.parametrize("answer", [{}, [], {"chunks": 7}, {"result": {"chunks": {"chunks": [7]}}}, b"no"])
def test_query_that_cannot_be_read(sdk: Sdk, base: KnowledgeBase, answer: Any) -> None:
    """
    An answer of another shape is no empty one.
    """
    with sdk.answered(answer), pytest.raises(VectorshiftApiError, match="could not be read"):
        sdk.call(base, "query", "When?")
