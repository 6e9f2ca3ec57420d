from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

import failwell
from failwell.clock import VirtualClock
from failwell.testing import replies
from scopix import (
    AuthenticationError,
    CircuitBreakerError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    Scopix,
    ScopixConnectionError,
    ScopixError,
    ScopixSync,
    ServerError,
    VideoUploadError,
)

from .talk import COLOURS
from .video_server import Videos, taking_videos

every_colour = pytest.mark.parametrize("colour", COLOURS)
SOURCE = bytes(range(65, 65 + 40))
GENTLE = failwell.Resilience(budget=None)
"""Without a breaker: what is tested is what comes of each failure."""


@pytest.fixture
def server() -> Iterator[Videos]:
    """A server that hears of this test alone: one that was shared heard late what an earlier test had sent."""
    with taking_videos() as server:
        yield server


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A file of 40 bytes: three chunks of 16."""
    path = tmp_path / "holiday.mp4"
    path.write_bytes(SOURCE)
    return path


def asked(colour: str, server: Videos, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """What `ask(client)` gives in *colour*; its waits are virtual."""
    settings = {"clock": VirtualClock(), "base_url": server.url, "timeout": 20.0, "resilience": GENTLE, **settings}
    if colour == "blocking":
        with ScopixSync("sk_test", **settings) as client:
            return ask(client)

    async def run() -> Any:
        async with Scopix("sk_test", **settings) as client:
            return await ask(client)

    return anyio.run(run, backend=colour)


def uploading(video: Any, **more: Any) -> Callable[[Any], Any]:
    """A call that uploads *video*."""
    return lambda client: client.video_analysis.upload(video, **more)


@every_colour
def test_in_chunks(video: Path, server: Videos, colour: str) -> None:
    """
    A video is sent in chunks of the size that the server says, each with its digest.
    """
    told: list[tuple[int, int | None]] = []
    done = asked(colour, server, uploading(str(video), progress=lambda sent, total: told.append((sent, total))))

    assert (SOURCE, "vid_0", "ready") == (server.whole(), done.media_id, done.status)
    assert ["initiate", *[f"chunk_upload {number}" for number in range(3)], "complete"] == server.asked
    assert [(0, 40), (16, 40), (32, 40), (40, 40)] == told


@every_colour
def test_cut_at_every_byte(video: Path, server: Videos, colour: str) -> None:
    """
    R14. An upload that is cut at any byte goes on; what is stored at the end is the file.
    """
    for cut in range(len(SOURCE)):
        server.forget()
        server.cut = cut
        done = asked(colour, server, uploading(video))

        assert (cut, SOURCE, "ready") == (cut, server.whole(), done.status)
        assert server.taken <= 40 + cut % 16


SCRIPT = """
import sys
from scopix import ScopixSync

ScopixSync("sk_test", base_url=sys.argv[1]).video_analysis.upload(sys.argv[2])
"""


@every_colour
@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 21, 39])
def test_killed(video: Path, server: Videos, at: int, colour: str) -> None:
    """
    R14. An upload whose process is killed (kill -9) is gone on with by another, with the file only.

    No chunk that arrived is sent again.
    """
    server.hold = at
    program = subprocess.Popen([sys.executable, "-c", SCRIPT, server.url, str(video)], stdout=subprocess.DEVNULL)
    server.wait_for(at)
    program.kill()
    assert -signal.SIGKILL == program.wait()
    server.hold = None
    server.released.set()
    before, server.asked = len(server.kept[0].chunks), []
    done = asked(colour, server, uploading(video))

    assert (SOURCE, "ready", at // 16) == (server.whole(), done.status, before)
    expected = [f"chunk_upload {number}" for number in range(before, 3)]
    assert ["initiate", *expected, "complete"] == server.asked


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "bad digest": (422, {"detail": {"code": "VIDEO_UPLOAD_ERROR", "message": "Wrong digest."}}),
    "busy": (503, {"error": {"code": "SERVICE_UNAVAILABLE", "message": "Later."}, "request_id": "r"}),
    "gone": (404, {"detail": "Not found"}),
    "told": (
        422,
        {
            "detail": {
                "code": "VIDEO_UPLOAD_ERROR",
                "message": "Chunks are missing.",
                "media_id": "vid_7",
                "stage": "complete",
                "partial_chunks": 2,
            }
        },
    ),
}


@every_colour
@pytest.mark.parametrize(("stage", "chunks"), [("initiate", 0), ("chunk_upload", 0), ("complete", 3)])
@pytest.mark.parametrize("how", ["bad digest", "busy", "gone"])
def test_every_stage_that_fails(video: Path, server: Videos, colour: str, stage: str, *, chunks: int, how: str) -> None:
    """
    Whatever fails, at whichever stage, is a VideoUploadError with the video, the stage, and the chunks that are there.

    It has what is known of the call, and the same call goes on where that is mended.
    """
    server.refuse[stage] = REFUSED[how]
    with pytest.raises(VideoUploadError) as caught:
        asked(colour, server, uploading(video), max_retries=1)

    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    media_id = None if stage == "initiate" else "vid_0"
    assert ("VIDEO_UPLOAD_ERROR", media_id, stage, chunks) == (
        error.code,
        error.media_id,
        error.stage,
        error.partial_chunks,
    )
    assert {"media_id": media_id, "stage": stage, "partial_chunks": chunks} == error.details
    assert (REFUSED[how][0], (media_id is None) or how == "gone") == (
        error.attempts[-1].status,
        error.resume_token is None,
    )
    if how != "bad digest":
        assert isinstance(caught.value.__cause__, ServerError if how == "busy" else ResourceNotFoundError)
    server.refuse.clear()
    assert "ready" == asked(colour, server, uploading(video)).status
    assert SOURCE == server.whole()


def test_what_the_server_says_counts(video: Path, server: Videos) -> None:
    """
    What the server says of the failure is kept as it is.
    """
    server.refuse["complete"] = REFUSED["told"]
    with pytest.raises(VideoUploadError, match=r"Chunks are missing\.") as caught:
        asked("blocking", server, uploading(video))

    assert ("vid_7", "complete", 2) == (caught.value.media_id, caught.value.stage, caught.value.partial_chunks)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (AuthenticationError("Unknown."), AuthenticationError),
        (QuotaExceededError("Full.", available=1, limit=2), QuotaExceededError),
        (RateLimitError("Slow down."), RateLimitError),
        ("network", VideoUploadError),
        ("timeout", VideoUploadError),
    ],
    ids=["401", "quota", "429", "network", "timeout"],
)
def test_what_is_about_the_account_stays_what_it_is(video: Path, answer: Any, kind: type[ScopixError]) -> None:
    """
    What any other call would meet, too, is raised as it is; no answer is a failed upload, with its cause.
    """
    with ScopixSync("sk_test", max_retries=0) as client, replies(client, answer), pytest.raises(kind) as caught:
        client.video_analysis.upload(video)

    assert (kind is VideoUploadError) == isinstance(caught.value.__cause__, ScopixError)
    if answer == "network":
        assert isinstance(caught.value.__cause__, ScopixConnectionError)


@every_colour
def test_with_a_token(video: Path, server: Videos, colour: str) -> None:
    """
    With the token of an error it goes on without hashing the file again; a file that was changed is refused.
    """
    tokens: list[str] = []
    server.refuse["complete"] = REFUSED["busy"]
    with pytest.raises(VideoUploadError) as caught:
        asked(colour, server, uploading(video, on_token=tokens.append), max_retries=0)
    server.refuse.clear()
    server.asked.clear()
    token = caught.value.resume_token
    assert [token] == tokens
    done = asked(colour, server, lambda client: failwell.resume(token or "", client))
    assert ("ready", ["look", "complete"]) == (done.status, server.asked)

    video.write_bytes(b"changed")
    with pytest.raises(VideoUploadError, match="is not what the upload began with"):
        asked(colour, server, uploading(video, resume_token=token))


@every_colour
@pytest.mark.parametrize("what", ["missing", "folder", "out of reach"])
def test_what_cannot_be_read(video: Path, server: Videos, colour: str, what: str) -> None:
    """
    What cannot be read is a VideoUploadError of the first stage, with its cause; nothing is sent.
    """
    places = {"missing": video.with_name("gone.mp4"), "folder": video.parent}
    given = places.get(what, video.parent / ("x" * 300) / "gone.mp4")
    with pytest.raises(VideoUploadError, match="was not uploaded: ") as caught:
        asked(colour, server, uploading(given))

    assert ("initiate", None, 0) == (caught.value.stage, caught.value.media_id, caught.value.partial_chunks)
    assert ([], True) == (server.asked, isinstance(caught.value.__cause__, OSError))
    assert ("unreadable_video", None) == (caught.value.case.on, caught.value.known_status)


@every_colour
@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_a_file_that_goes_on_changing(video: Path, server: Videos, colour: str, how: str) -> None:
    """
    A file that is changed or deleted while it is uploaded is told with all that is known of the upload.
    """

    def meddle(sent: int, _total: int) -> None:
        if sent == 16:
            video.unlink() if how == "deleted" else video.write_bytes(b"another")

    with pytest.raises(VideoUploadError) as caught:
        asked(colour, server, uploading(video, progress=meddle))

    assert ("chunk_upload", "vid_0", 1) == (caught.value.stage, caught.value.media_id, caught.value.partial_chunks)


@every_colour
def test_a_stream_is_refused(server: Videos, colour: str) -> None:
    """
    A stream of unknown length is no file.
    """
    with pytest.raises(TypeError):
        asked(colour, server, uploading(iter([b"x"])))

    assert [] == server.asked


@every_colour
@pytest.mark.slow
def test_streamed(tmp_path: Path, video: Path, server: Videos, colour: str) -> None:
    """
    A large video is read and sent block by block: it is never in memory.
    """
    asked(colour, server, uploading(video))  # what is loaded with the first is not the video's
    server.forget()
    server.chunk_size, server.keep = 4 << 20, False
    path = tmp_path / "large.mp4"
    with path.open("wb") as opened:
        opened.truncate(16 << 20)
    tracemalloc.start()
    try:
        done = asked(colour, server, uploading(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert ("ready", 16 << 20, 4) == (done.status, server.taken, len(server.kept[0].chunks))
    assert peak < 2 << 20


@pytest.mark.slow
def test_above_the_cap(tmp_path: Path, server: Videos) -> None:
    """
    A video (sparse, 64 MiB) that is above the cap is refused with its size and the limit, before any of it is sent.
    """
    server.cap = 32 << 20
    path = tmp_path / "huge.mp4"
    with path.open("wb") as opened:
        opened.truncate(64 << 20)
    with pytest.raises(VideoUploadError, match=r"A video may have 33,554,432 bytes\.") as caught:
        asked("blocking", server, uploading(path))

    error = caught.value
    assert ("initiate", None, 64 << 20, 32 << 20, 0) == (
        error.stage,
        error.media_id,
        error.details["size"],
        error.details["limit"],
        server.taken,
    )


def test_the_breaker() -> None:
    """
    After five failures in a row nothing is sent for 30 s, and `retry_after` counts down; two successes close it.
    """
    clock = VirtualClock()
    running = {"id": "job_1", "status": "running"}
    waits: list[float] = []
    with ScopixSync("sk_test", max_retries=0, clock=clock) as client:
        with replies(client, *[503] * 5, running, running, running) as sent:
            for _ in range(5):
                with pytest.raises(ServerError):
                    client.video_analysis.get_job("job_1")
            for passed in (0.0, 10.0, 19.5):
                clock.advance(passed)
                with pytest.raises(CircuitBreakerError) as caught:
                    client.video_analysis.get_job("job_1")
                assert "CIRCUIT_OPEN" == caught.value.code
                waits.append(caught.value.retry_after)
            assert 5 == len(sent.requests)
            clock.advance(0.5)
            for _ in range(3):
                assert "job_1" == client.video_analysis.get_job("job_1").id

    assert [30.0, 20.0, 0.5] == pytest.approx(waits)
