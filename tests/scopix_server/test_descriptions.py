"""Descriptions: jobs after an upload, or while somebody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

import pytest

from scopix_server import Settings
from scopix_server.files.descriptions import MOST_WAITING, Describing, unfinished_descriptions
from scopix_server.work import KINDS, unfinished_jobs

from .api import Api, detail, error, picture

DESCRIBED = "Measured, not recognised: 32 x 24 pixels (landscape); mostly red (100%)"


def test_described_after_the_upload(api: Api) -> None:
    """
    A description is a job that begins after the answer; it ends as a text that says that it was measured.
    """
    file = api.upload()
    assert ("pending", None, 1) == (file["description_status"], file["description"], api.jobs.nudges)
    api.work()
    done = api.get(f"/files/{file['id']}")

    assert ("completed", None) == (done["description_status"], done["description_error"])
    assert done["description"].startswith(DESCRIBED)
    assert [] == list(unfinished_jobs(api.store))


def test_not_described(api: Api) -> None:
    """
    Files of a session that does not want descriptions get none.
    """
    file = api.upload(session=api.session(describe=False))
    api.work()

    assert (None, 0) == (api.get(f"/files/{file['id']}")["description_status"], api.jobs.nudges)


@pytest.mark.parametrize(("state", "code"), [("down", "VLM_PROVIDER_ERROR"), ("slow", "TIMEOUT")], ids=["down", "slow"])
def test_provider_fails_the_job(serve: Callable[[Settings], Api], state: Literal["down", "slow"], code: str) -> None:
    """
    Where the provider fails, the file tells the code and a sentence; the file itself is there.
    """
    api = serve(Settings(vision_state=state))
    file = api.upload()
    api.work()
    failed = api.get(f"/files/{file['id']}")

    assert ("failed", None, code, "ready") == (
        failed["description_status"],
        failed["description"],
        failed["description_error"]["code"],
        failed["status"],
    )
    assert "provider" in failed["description_error"]["message"]


@pytest.mark.parametrize(
    ("filename", "status", "code"),
    [("provider-down.png", 503, "VLM_PROVIDER_ERROR"), ("provider-slow.png", 504, "TIMEOUT")],
)
def test_provider_fails_the_call(api: Api, filename: str, status: int, code: str) -> None:
    """
    Who waits for a description hears that the provider is down, or too slow; the file keeps it.
    """
    file = api.upload(filename=filename)
    answer = api.send("POST", f"/files/{file['id']}/description")

    assert (status, "detail", code) == error(answer)
    assert code == api.get(f"/files/{file['id']}")["description_error"]["code"]


def test_described_now(api: Api) -> None:
    """
    Who waits for a description gets the file with it; the job has nothing left to do.
    """
    file = api.upload()
    answer = api.send("POST", f"/files/{file['id']}/description")

    assert (200, "completed") == (answer.status_code, answer.json()["description_status"])
    assert answer.json()["description"].startswith(DESCRIBED)
    assert [] == list(unfinished_jobs(api.store))


def test_description_stays(serve: Callable[[Settings], Api]) -> None:
    """
    A description that was made stays when a new one cannot be.
    """
    up = serve(Settings())
    file = up.upload()
    up.work()
    down = serve(Settings(vision_state="down"))
    answer = down.send("POST", f"/files/{file['id']}/description")

    assert (503, "completed") == (answer.status_code, down.get(f"/files/{file['id']}")["description_status"])


def test_failed_is_tried_again(serve: Callable[[Settings], Api]) -> None:
    """
    A description that failed is made by who asks for it when the provider is up again.
    """
    down = serve(Settings(vision_state="down"))
    file = down.upload()
    down.work()
    answer = serve(Settings()).send("POST", f"/files/{file['id']}/description")

    assert (200, "completed", None) == (
        answer.status_code,
        answer.json()["description_status"],
        answer.json()["description_error"],
    )


def test_document_is_not_described(api: Api) -> None:
    """
    Only images are described: a document is a 422 with its id.
    """
    file = api.upload()
    with api.store.writing() as db:
        db.execute("UPDATE files SET kind = 'document'")
    answer = api.send("POST", f"/files/{file['id']}/description")

    assert (422, "detail", "IMAGE_PROCESSING_ERROR") == error(answer)
    assert {"image_id": file["id"], "status": "failed"} == detail(answer)


class Fails:
    """A provider in which a bug shows."""

    def __init__(self, settings: Settings) -> None:
        pass

    def describe(self, content: bytes, filename: str) -> str:
        raise KeyError("SELECT secret FROM keys")


def test_bug_of_a_provider(serve: Callable[[Settings], Api]) -> None:
    """
    S9. What a provider raises does not reach the client: it is down, as far as that is concerned.
    """
    api = serve(Settings(vision_provider=f"{__name__}:Fails"))
    answer = api.send("POST", f"/files/{api.upload()['id']}/description")

    assert (503, "detail", "VLM_PROVIDER_ERROR") == error(answer)
    assert "secret" not in answer.text


class Hangs:
    """A provider that says nothing until it is told to."""

    told = threading.Event()

    def __init__(self, settings: Settings) -> None:
        pass

    def describe(self, content: bytes, filename: str) -> str:
        self.told.wait()
        return "Too late."


def test_provider_that_hangs(serve: Callable[[Settings], Api]) -> None:
    """
    A provider that does not answer is a TIMEOUT after the time of the settings, for who waits and for the job.
    """
    api = serve(Settings(vision_provider=f"{__name__}:Hangs", description_seconds=0.05))
    file = api.upload()
    answer = api.send("POST", f"/files/{file['id']}/description")
    again = api.upload(picture("blue"))
    api.work()
    Hangs.told.set()

    assert (504, "detail", "TIMEOUT") == error(answer)
    assert "gave no answer within 0.05 s" in answer.json()["detail"]["message"]
    assert "TIMEOUT" == api.get(f"/files/{again['id']}")["description_error"]["code"]


def test_deleted_meanwhile(api: Api) -> None:
    """
    A file that was deleted before its description began, or while it was made, is described no more.
    """
    file_id = api.upload()["id"]
    api.send("DELETE", f"/files/{file_id}")
    Describing(api.store, api.services.settings, api.services.provider).describe_pending(file_id)

    assert 404 == api.send("GET", f"/files/{file_id}").status_code


def test_many_are_waiting(api: Api) -> None:
    """
    Of 10,000 descriptions the worker is told of those that run and those whose turn is next, by an index.
    """
    columns = "id, tenant, kind, filename, file, size, content_type, sha256, created_at, description_status"
    with api.store.writing() as db:
        db.executemany(
            f"INSERT INTO files ({columns}) VALUES (?, 'acme', 'image', 'x.png', ?, 1, 'image/png', ?, 0, ?)",  # noqa: S608
            [(f"img_{n}", f"f{n}", f"h{n}", "running" if n in {5000, 9999} else "pending") for n in range(10_000)],
        )
    api.statements.clear()
    waiting = unfinished_descriptions(api.store)
    with api.store.reading() as db:
        asked = [said for said in api.statements if said.startswith("SELECT id FROM files")]
        plans = [str(row["detail"]) for said in asked for row in db.execute(f"EXPLAIN QUERY PLAN {said}")]

    assert ["img_5000", "img_9999", *(f"img_{n}" for n in range(MOST_WAITING))] == waiting
    assert [True, True] == ["files_to_describe" in plan for plan in plans]


def test_lost_bytes(api: Api) -> None:
    """
    An image whose bytes are lost has no description: its job fails, and so does who waits for one.
    """
    file = api.upload()
    for name in api.files():
        (api.store.folder.files / name).unlink()
    api.work()
    answer = api.send("POST", f"/files/{file['id']}/description")

    assert ("failed", "IMAGE_PROCESSING_ERROR") == (
        api.get(f"/files/{file['id']}")["description_status"],
        api.get(f"/files/{file['id']}")["description_error"]["code"],
    )
    assert (422, "detail", "IMAGE_PROCESSING_ERROR") == error(answer)
    assert 404 == api.send("GET", f"/files/{file['id']}/content").status_code


def test_interrupted(api: Api) -> None:
    """
    A description whose worker died is made by the next one; a step that is done twice describes once.
    """
    file_id = api.upload()["id"]
    with api.store.writing() as db:
        db.execute("UPDATE files SET description_status = 'running' WHERE id = ?", (file_id,))
    api.work()
    asked: list[Any] = []
    Describing(api.store, api.services.settings, Counting(asked)).describe_pending(file_id)

    assert ("completed", []) == (api.get(f"/files/{file_id}")["description_status"], asked)


class Counting:
    """Counts what it is asked."""

    def __init__(self, asked: list[Any]) -> None:
        self._asked = asked

    def describe(self, content: bytes, filename: str) -> str:
        self._asked.append(filename)
        return "Again."


def test_given_up(api: Api) -> None:
    """
    A description that was given up has failed with the reason; one that has ended stays as it is.
    """
    done, left = api.upload(picture("blue")), None
    api.work()
    left = api.upload()
    work = KINDS["description"].open(api.store, api.services.clock, api.services.settings)
    for file in (done, left):
        work.give_up(file["id"], "the worker died 6 times")

    assert ["completed", "failed"] == [api.get(f"/files/{f['id']}")["description_status"] for f in (done, left)]
    assert {
        "code": "INTERNAL_ERROR",
        "message": "The description was given up: the worker died 6 times. Ask for it again.",
    } == api.get(f"/files/{left['id']}")["description_error"]
