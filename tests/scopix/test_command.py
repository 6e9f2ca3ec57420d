"""The command `scopix`, as a user starts it, against the reference server; and what it says of each error."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from failwell.clock import VirtualClock
from failwell.sandbox import Answer, Sandbox
from scopix import (
    AuthenticationError,
    CircuitBreakerError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ScopixConnectionError,
    ScopixError,
    ScopixTimeoutError,
    VideoAnalysisError,
    VideoUploadError,
)
from scopix.cli.tool import told
from scopix_server.vendor import VENDOR
from tests.cli.command import SCOPIX, Ran, environment, run

Shell = Callable[..., Ran]
JSON = (("Content-Type", "application/json"),)


def picture(colour: str) -> bytes:
    """A small image."""
    held = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The reference server."""
    with Sandbox(VENDOR, clock=VirtualClock()) as served:
        yield served


@pytest.fixture
def shell(sandbox: Sandbox) -> Shell:
    """Runs the command to its end, with a member's key."""

    def started(*arguments: str, key: str = "member", **variables: str) -> Ran:
        given = {"SCOPIX_API_KEY": sandbox.keys.get(key, key), "SCOPIX_BASE_URL": sandbox.url, **variables}
        return run(SCOPIX, *arguments, env=environment(**given))

    return started


def cells(text: str) -> list[list[str]]:
    """The cells of lines that were printed for another program."""
    return [line.split("\t") for line in text.splitlines()]


def test_files(shell: Shell, tmp_path: Path) -> None:
    """
    A folder is uploaded, its files are listed, shown, described and deleted.
    """
    for colour in ("red", "blue"):
        (tmp_path / f"{colour}.png").write_bytes(picture(colour))
    uploaded = shell("files", "upload", str(tmp_path), "--wait")
    rows = cells(uploaded.out)

    assert (0, ["blue.png", "red.png"], {"completed"}) == (
        uploaded.code,
        [row[1] for row in rows],
        {row[4] for row in rows},
    )
    assert {row[0] for row in rows} <= {row[0] for row in cells(shell("files", "list").out)}
    shown = dict(cells(shell("files", "get", rows[0][0]).out))
    assert "mostly blue" in shown["description"]
    assert 0 == shell("files", "describe", rows[0][0]).code
    assert (0, "") == (shell("files", "delete", rows[0][0]).code, shell("files", "delete", rows[1][0]).out)
    gone = shell("files", "get", rows[0][0])
    assert (1, True) == (gone.code, "Verify the id with `scopix files list`." in gone.err)


def test_an_upload_that_fails_in_part(shell: Shell, tmp_path: Path) -> None:
    """
    What could not be uploaded is named, and the command exits with 1.
    """
    (tmp_path / "good.png").write_bytes(picture("green"))
    (tmp_path / "bad.png").write_bytes(b"no image")
    ran = shell("files", "upload", str(tmp_path / "good.png"), str(tmp_path / "bad.png"), str(tmp_path / "gone.png"))

    assert (1, [["good.png"]]) == (ran.code, [row[1:2] for row in cells(ran.out)])
    assert "bad.png: The 8 bytes cannot be decoded." in ran.err
    assert "\ngone.png could not be read: No such file or directory" in ran.err
    assert "UploadError: 2 of 3 files failed" in ran.err


def test_as_json(shell: Shell) -> None:
    """
    With `--json` a list is one document.
    """
    assert isinstance(json.loads(shell("files", "list", "--json").out), list)


@pytest.mark.parametrize(
    ("arguments", "answer", "expected"),
    [
        (("documents", "list"), {"data": [], "pagination": {"has_more": False}}, "There are no documents."),
        (("documents", "get", "doc_1"), {"id": "doc_1", "status": "completed"}, "id\tdoc_1"),
        (("documents", "wait", "doc_1"), {"id": "doc_1", "status": "completed"}, "status\tcompleted"),
        (("documents", "search", "six"), {"data": [{"document_id": "doc_1", "snippet": "6"}]}, "doc_1\t\t0.0\t6"),
        (("chat", "sessions"), {"data": [{"id": "chat_1", "title": "T"}]}, "chat_1\tT\t"),
        (("chat", "messages", "chat_1"), {"data": [{"id": "m", "role": "user", "content": "Hi"}]}, "m\tuser\tHi"),
        (("videos", "get", "vid_1"), {"media_id": "vid_1", "received": 7}, "received\t7"),
        (("videos", "analyze", "vid_1"), {"id": "job_1", "status": "queued"}, "status\tqueued"),
        (("videos", "delete", "vid_1"), {}, ""),
        (("videos", "wait", "job_1"), {"id": "job_1", "status": "completed"}, "status\tcompleted"),
        (("storage", "list"), {"data": [{"id": "conn_1", "provider": "local"}]}, "conn_1\tlocal"),
        (("storage", "objects", "conn_1"), {"data": [{"key": "a.png", "size": 3}]}, "a.png\t3"),
        (("storage", "wait", "job_1"), {"id": "job_1", "status": "completed"}, "status\tcompleted"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_the_other_commands(
    shell: Shell, sandbox: Sandbox, arguments: tuple[str, ...], answer: Any, expected: str
) -> None:
    """
    Each command shows what the API answers.
    """
    sandbox.arm(Answer(200, JSON, json.dumps(answer).encode()))
    ran = shell(*arguments)

    assert (0, True) == (ran.code, expected in ran.out + ran.err)


def test_a_question(shell: Shell, sandbox: Sandbox) -> None:
    """
    An answer is printed as it is made.
    """
    events = b'id: 1\ndata: {"delta": "6 * 7 "}\n\nid: 2\ndata: {"delta": "= 42"}\n\ndata: [DONE]\n\n'
    sandbox.arm(Answer(201, JSON, b'{"id": "chat_1"}'))
    sandbox.arm(Answer(202, JSON, b'{"message_id": "msg_1", "events": "/x"}'))
    sandbox.arm(Answer(200, (("Content-Type", "text/event-stream"),), events))
    ran = shell("chat", "ask", "What is 6 * 7?")

    assert (0, "6 * 7 = 42\n", "Session chat_1\n") == (ran.code, ran.out, ran.err)


def test_a_job_that_failed(shell: Shell, sandbox: Sandbox) -> None:
    """
    A job that failed ends the command with 1.
    """
    failed = {"id": "job_1", "status": "failed", "media_id": "vid_1", "error": {"code": "X", "message": "No frames."}}
    sandbox.arm(Answer(200, JSON, json.dumps(failed).encode()))
    ran = shell("videos", "wait", "job_1")

    assert (1, "VideoAnalysisError: No frames.\nAnalyse it again: scopix videos analyze vid_1\n") == (ran.code, ran.err)


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [
        ("expired", 1, "AuthenticationError: "),
        ("full", 1, "QuotaExceededError: "),
        ("", 2, "SCOPIX_API_KEY is not set. Set it: export SCOPIX_API_KEY=sk_..."),
    ],
    ids=["expired", "full", "none"],
)
def test_keys(shell: Shell, tmp_path: Path, key: str, code: int, said: str) -> None:
    """
    A key that cannot be used is told in words, without a traceback.
    """
    (tmp_path / "a.png").write_bytes(picture("white"))
    ran = shell("files", "upload", str(tmp_path / "a.png"), key=key)

    assert (code, True, False) == (ran.code, said in ran.err, "Traceback" in ran.err)


TOLD: list[tuple[ScopixError, str]] = [
    (RateLimitError("Slow down.", retry_after=7), "Wait 7 s, then try again."),
    (CircuitBreakerError("Open.", retry_after=12.4), "Wait 12 s, then try again."),
    (VideoUploadError("Cut.", media_id="vid_1"), "Upload the file again: what arrived is not sent twice."),
    (VideoAnalysisError("No.", media_id="vid 1"), "Analyse it again: scopix videos analyze 'vid 1'"),
    (ScopixTimeoutError("Late."), "Try again, or raise --timeout."),
    (ScopixConnectionError("Gone."), "Verify SCOPIX_BASE_URL and the connection, then try again."),
    (ResourceNotFoundError("file", "img_1"), "Look it up."),
    (QuotaExceededError("Full.").with_case("STORAGE_QUOTA_EXCEEDED"), "Delete unused files or upgrade your plan"),
    (AuthenticationError("Unknown.").with_case("EXPIRED_API_KEY"), "Generate a new API key from your dashboard"),
]


@pytest.mark.parametrize(("error", "fix"), TOLD, ids=[type(each).__name__ for each, _ in TOLD])
def test_what_is_said(error: ScopixError, fix: str) -> None:
    """
    An error is its class and its message, and then what to do in a shell.
    """
    assert f"{type(error).__name__}: {error.message}\n{fix}" == told(error, "Look it up.")
