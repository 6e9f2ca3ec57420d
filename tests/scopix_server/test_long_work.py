"""Documents, answers, analyses and imports in the worker process, which may be killed at any moment."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from failwell.wire.sse import Decoder
from tests.hosts import Host, hosting, until

from .api import picture
from .engine.test_texts import pdf

pytestmark = pytest.mark.slow

PARTS = '''
"""A responder and an analyser that note which process asked them, and stand still until they are told to go on."""

import os
import time
from pathlib import Path

FOLDER = Path(os.environ["FOLDER_OF_A_TEST"])


def stand_still():
    with (FOLDER / "log").open("a") as log:
        log.write(f"{os.getpid()}\\\\n")
    while not (FOLDER / "go").exists():
        time.sleep(0.01)


class Responder:
    def __init__(self, settings):
        pass

    def answer(self, question, sources, said):
        for number in range(len(said), 6):
            if number == 3:
                stand_still()
            yield str(number)


class Analyser:
    def __init__(self, settings):
        pass

    def analyse(self, path):
        stand_still()
        return {"size": path.stat().st_size}
'''

SETTINGS = '{"responder": "parts_of_a_test:Responder", "analyser": "parts_of_a_test:Analyser"}'


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with one server, and a bucket with 60 pictures."""
    (tmp_path / "parts_of_a_test.py").write_text(PARTS.replace("\\\\n", "\\n"))
    bucket = tmp_path / "data" / "buckets" / "photos"
    bucket.mkdir(parents=True)
    for number in range(60):
        (bucket / f"{number:02}.png").write_bytes(picture(size=(number + 100, 100)))
    with hosting(tmp_path, "scopix", SETTINGS) as host:
        yield host


def kill(host: Host, victim: str) -> None:
    """Kill the worker, or the whole server, with -9."""
    if victim == "worker":
        os.kill(host.log[-1], signal.SIGKILL)
    else:
        host.kill()


def ended(host: Host, path: str) -> Any:
    """A job once it has ended."""
    until(lambda: host.send("GET", path)["status"] not in {"queued", "processing", "running"})
    return host.send("GET", path)


def rows(host: Host, query: str) -> list[Any]:
    """What is in the database of the server."""
    with closing(sqlite3.connect(host.folder / "data" / "scopix.db")) as db:
        return db.execute(query).fetchall()


def video(host: Host) -> str:
    """The id of a video that is there."""
    sha256 = hashlib.sha256(b"video").hexdigest()
    media_id = host.send("POST", "/videos", json={"filename": "x.mp4", "size": 5, "sha256": sha256})["media_id"]
    host.send("PUT", f"/videos/{media_id}/chunks/0", content=b"video")
    host.send("POST", f"/videos/{media_id}/complete")
    return str(media_id)


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_answer(host: Host, victim: str) -> None:
    """
    S15. An answer whose worker, or whole server, is killed with -9 goes on with the next piece, and ends once.

    Who listens is told each piece once, whether his connection outlived the server or not.
    """
    document = host.send("POST", "/documents?filename=a.txt", content=b"Something to answer from.")
    assert "completed" == ended(host, f"/documents/{document['id']}")["status"]
    session = host.send("POST", "/chat/sessions", json={})["id"]
    asked = f"/chat/sessions/{session}/messages"
    message = host.send("POST", asked, "message", json={"content": "What?"})
    told: list[str] = []
    last, done = "", False
    while not done:
        headers = {"Authorization": f"Bearer {host.key}", **({"Last-Event-ID": last} if last else {})}
        address = httpx2.URL(host.url).join(message["events"])
        decoder = Decoder(last_event_id=last)
        try:
            with httpx2.stream("GET", address, headers=headers, timeout=60) as reply:
                for piece in reply.iter_bytes():
                    for event in decoder.feed(piece):
                        told.append(event.data)
                        last, done = event.id, event.data == "[DONE]"
                    if len(told) == 3 and not (host.folder / "go").exists():
                        until(lambda: len(host.log) == 1)
                        kill(host, victim)
                        until(lambda: len(host.log) == 2)
                        assert message == host.send("POST", asked, "message", json={"content": "What?"})
                        (host.folder / "go").touch()
        except httpx2.TransportError:
            continue

    assert [*(f'{{"delta":"{number}"}}' for number in range(6)), "[DONE]"] == told
    assert ["user", "assistant"] == [entry["role"] for entry in host.send("GET", asked)["data"]]
    assert "012345" == host.send("GET", asked)["data"][1]["content"]


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_analysis(host: Host, victim: str) -> None:
    """
    S15. So does an analysis.
    """
    path = f"/videos/{video(host)}/analyses"
    job = host.send("POST", path, "analysis")
    until(lambda: len(host.log) == 1)
    kill(host, victim)
    until(lambda: len(host.log) == 2)
    assert job["id"] == host.send("POST", path, "analysis")["id"]
    (host.folder / "go").touch()

    done = ended(host, f"/video-analysis/jobs/{job['id']}")
    assert ("completed", {"size": 5}) == (done["status"], done["result"])
    assert [(1,)] == rows(host, "SELECT count(*) FROM jobs")


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_import_and_documents(host: Host, victim: str) -> None:
    """
    S15. Killed again and again, an import brings every object once, and documents have their text once.
    """
    analysis = host.send("POST", f"/videos/{video(host)}/analyses")  # tells which process the worker is
    documents = [
        host.send("POST", f"/documents?filename={number}.pdf", content=pdf(f"Page {number}"))["id"]
        for number in range(4)
    ]
    job = host.send("POST", "/s3-connector/jobs", json={"bucket": "photos"})
    for times in range(1, 4):
        until(lambda times=times: len(host.log) == times)  # type: ignore[misc]
        kill(host, victim)
    (host.folder / "go").touch()

    assert ["completed"] * 4 == [ended(host, f"/documents/{one}")["status"] for one in documents]
    done = ended(host, f"/s3-connector/jobs/{job['id']}")
    assert ("completed", 60, 60) == (done["status"], len(done["result"]["done"]), len(set(done["result"]["done"])))
    assert "completed" == ended(host, f"/video-analysis/jobs/{analysis['id']}")["status"]
    assert [(4, 4)] == rows(host, "SELECT count(*), count(DISTINCT document_id) FROM passages")
    assert [(60,)] == rows(host, "SELECT count(*) FROM files WHERE filename LIKE '__.png'")
