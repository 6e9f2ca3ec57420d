"""The SDK against the reference server, over real sockets, with faults between them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image

from failwell.clock import VirtualClock
from failwell.conformance.adapter import events_of
from failwell.sandbox import DropReply, Reset, Sandbox
from scopix import (
    BatchUploadResults,
    ChatError,
    CloudStorageError,
    QuotaExceededError,
    ResourceNotFoundError,
    S3ConnectorError,
    Scopix,
    ScopixSync,
    UploadError,
    VideoAnalysisError,
)
from scopix_server.vendor import VENDOR

from .talk import COLOURS

Ask = Callable[..., Any]
LONG = 100_000.0
"""Seconds of virtual time, while what is waited for takes some of the real one."""
numbers = iter(range(1, 1 << 20))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The reference server; what a client waits moves its time, too."""
    with Sandbox(VENDOR, clock=VirtualClock()) as served:
        yield served


@pytest.fixture(params=COLOURS)
def ask(request: pytest.FixtureRequest, sandbox: Sandbox) -> Ask:
    """`ask(action)` is what `action(client)` gives in each colour; steps after one another are a list of actions."""
    sandbox.script.clear()

    def asked(*actions: Callable[..., Any], key: str = "member", **settings: Any) -> Any:
        settings = {"base_url": sandbox.url, "clock": sandbox.clock, **settings}
        found: Any = None
        if request.param == "blocking":
            with ScopixSync(sandbox.keys[key], **settings) as client:
                for action in actions:
                    found = action(client, found) if found is not None else action(client)
                return found

        async def run() -> Any:
            found: Any = None
            async with Scopix(sandbox.keys[key], **settings) as client:
                for action in actions:
                    found = await (action(client, found) if found is not None else action(client))
            return found

        return anyio.run(run, backend=str(request.param))

    return asked


def picture() -> bytes:
    """An image that the account does not have."""
    number = next(numbers)
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, os.getpid() % 256)).save(held, "PNG")
    return held.getvalue()


def uploading(*files: tuple[str, bytes], **settings: Any) -> Callable[[Any], Any]:
    """A call that uploads *files*, silently."""
    return lambda client: client.files.upload_batch([*files], **{"progress": False, **settings})


def described(client: Any, results: BatchUploadResults) -> Any:
    """Wait until all of *results* are described."""
    return client.files.wait_for_descriptions(results, timeout=LONG)


def test_uploaded_and_described(ask: Ask) -> None:
    """
    Files are uploaded, described afterwards, and found again.
    """
    results = ask(uploading(("a.png", picture()), ("b.png", picture())), described)

    assert ["completed"] * 2 == [each.description_status for each in results.raise_on_failures()]
    file = ask(lambda client: client.files.get(file_id=results[0].file.id))
    assert ("a.png", True) == (file.filename, file.description.startswith("Measured, not recognised"))
    with pytest.raises(ResourceNotFoundError) as caught:
        ask(lambda client: client.files.get(file_id=file.id), key="other")
    assert {"resource_type": "file", "resource_id": file.id} == caught.value.details


def test_provider_that_is_down(ask: Ask) -> None:
    """
    A description that fails is told by its file, and by `raise_on_failures`.
    """
    results = ask(
        uploading(("provider-down.png", picture())),
        lambda client, found: client.files.wait_for_descriptions(found, timeout=LONG),
    )

    assert ("failed", "VLM_PROVIDER_ERROR") == (results.description_status, results.description_error.code)


def test_duplicates_and_broken_images(ask: Ask) -> None:
    """
    What is there already, and what is no image, is the error of its file; the others are uploaded.
    """
    twice = picture()
    results = ask(
        uploading(("a.png", twice), ("b.png", twice), ("c.png", b"broken"), ("d.png", picture()), max_workers=1)
    )

    assert ([0, 3], {1: "b.png", 2: "c.png"}) == (
        [*results.uploaded],
        {index: error.filename for index, error in results.failures.items()},
    )
    assert {UploadError} == {type(error) for error in results.failures.values()}
    assert results[0].file.id == results.failures[1].details["file_id"]


@pytest.mark.parametrize("step", [Reset(), DropReply()], ids=["cut before the answer", "answer lost"])
def test_a_file_is_there_once(ask: Ask, sandbox: Sandbox, step: Any) -> None:
    """
    A file whose answer is lost is sent again under its key: it is there once, and no duplicate is told of.
    """
    sandbox.arm(step, method="PUT")
    results = ask(uploading(("a.png", picture())))

    assert (1, {}) == (len(results.uploaded), results.failures)
    assert 2 == len([entry for entry in sandbox.log.entries() if entry.method == "PUT"][-2:])


@pytest.mark.parametrize(("key", "limit"), [("full", "storage"), ("used_up", "month")])
def test_quotas(ask: Ask, key: str, limit: str) -> None:
    """
    A quota that is used up ends the whole, with what is left, the limit, and the results so far.
    """
    with pytest.raises(QuotaExceededError) as caught:
        ask(uploading(("a.png", picture()), ("b.png", picture()), max_workers=1), key=key)

    error = caught.value
    assert ({"available": 0, "limit": error.limit}, 1) == (error.details, len(error.attempts)), limit
    assert [0, 1] == [each.index for each in error.partial_results.remaining]


def test_chat(ask: Ask) -> None:
    """
    A question is answered from what was uploaded; where there is nothing the stream tells of a ChatError.
    """
    ask(uploading(("a.png", picture())), described)
    session = ask(lambda client: client.chat.create_session())
    answer = ask(lambda client: client.chat.ask(session.id, "What is measured?"))
    pieces = ask(lambda client: events_of(client.chat.stream(session.id, "What is measured?")))

    assert ("Measured" in answer, answer) == (True, "".join(pieces))
    other = ask(lambda client: client.chat.create_session(), key="other")
    with pytest.raises(ChatError) as caught:
        ask(lambda client: client.chat.ask(other.id, "What is there?"), key="other")
    assert ("NO_CONTENT", {"session_id": other.id}) == (caught.value.code, caught.value.details)


def test_documents(ask: Ask, tmp_path: Path) -> None:
    """
    A document is uploaded, listed, and deleted.
    """
    path = tmp_path / "notes.md"
    path.write_text(f"# Number {next(numbers)} of {os.getpid()}")
    document = ask(lambda client: client.documents.upload(path))

    assert document.id in {each.id for each in ask(lambda client: client.documents.list())}
    with pytest.raises(UploadError):
        ask(lambda client: client.documents.upload(path))


def test_videos(ask: Ask, tmp_path: Path) -> None:
    """
    A video is uploaded in chunks over cuts, and its analysis fails with a reason where it is none.
    """
    path = tmp_path / "holiday.mp4"
    path.write_bytes(os.urandom(5 << 20))
    video = ask(lambda client: client.video_analysis.upload(path))
    job = ask(lambda client: client.video_analysis.analyze(video.media_id))

    assert ("ready", 2) == (video.status, video.chunks)
    with pytest.raises(VideoAnalysisError) as caught:
        ask(lambda client: client.video_analysis.wait_for_completion(job.id, timeout=LONG))
    error = caught.value
    assert ("failed", video.media_id, job.id) == (error.status, error.media_id, error.analysis_job_id)
    again = ask(lambda client: client.video_analysis.retry(error.analysis_job_id, error.media_id))
    assert again.id != job.id


def test_jobs_that_fail(ask: Ask) -> None:
    """
    A bucket that does not exist fails a job, with its reason.
    """
    connection = ask(lambda client: client.cloud_storage.create_connection("local", "nowhere"))
    with pytest.raises(CloudStorageError) as caught:
        ask(
            lambda client: client.cloud_storage.import_and_wait(
                connection_id=connection.id, files=["a.png"], timeout=LONG
            )
        )
    assert ("failed", "BUCKET_NOT_FOUND") == (caught.value.job_status, caught.value.body_code)
    job = ask(lambda client: client.s3_connector.start_job("nowhere"))
    with pytest.raises(S3ConnectorError) as told:
        ask(lambda client: client.s3_connector.wait_for_job(job_id=job.id, timeout=LONG))
    assert {"job_id": job.id, "job_status": "failed"} == told.value.details


SCRIPT = """
import asyncio, os, signal, sys
from scopix import BatchUploadResults, Scopix, ScopixSync

def progress(done, failed, total):
    if done == 3:
        os.kill(os.getpid(), signal.SIGINT)

settings = {"progress": progress, "max_workers": 2}

async def awaited(key, url, folder):
    async with Scopix(key, base_url=url) as client:
        await client.files.upload_batch(folder, **settings)

def blocking(key, url, folder):
    with ScopixSync(key, base_url=url) as client:
        client.files.upload_batch(folder, **settings)

try:
    blocking(*sys.argv[2:]) if sys.argv[1] == "blocking" else asyncio.run(awaited(*sys.argv[2:]))
except KeyboardInterrupt as e:
    results = BatchUploadResults.of(e)
    print(len(results.uploaded), len(results.uploaded) + len(results.remaining))
"""


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_ctrl_c(sandbox: Sandbox, tmp_path: Path, colour: str) -> None:
    """
    Ctrl-C in the middle of a folder reports what is uploaded, and what remains; blocking, exactly what the server has.

    Awaiting, what was under way is cancelled, and may be there: it remains with its key.
    """
    sandbox.script.clear()
    names = {f"{colour}-{number:02}.png" for number in range(20)}
    for name in names:
        (tmp_path / name).write_bytes(picture())
    key = sandbox.keys["member"]
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, colour, key, sandbox.url, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    done, total = (int(each) for each in ran.stdout.split())
    with ScopixSync(key, base_url=sandbox.url) as client:
        there = len({file.filename for file in client.files.iter()} & names)

    assert (20, True) == (total, 3 <= done < 20)
    assert done <= there <= (done if colour == "blocking" else done + 2)
