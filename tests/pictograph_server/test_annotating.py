from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from failwell.wire import Reply, parse_reply
from pictograph.exceptions import CATALOGUE, PaymentRequiredError, ServerError
from pictograph_server import Settings, Store, add_credits, annotating, credit_balance, set_credits
from pictograph_server.annotating import annotate_one, begin_batch, fail_batch, finish_batch, unfinished_batches
from pictograph_server.annotations import Find, SaveAnnotations, save_annotations
from pictograph_server.batches import cancel_batch, get_batch
from pictograph_server.images import find_image_at

from .api import MovableClock, box
from .job_data import RED, batch, circle, drawn, drive_batch, marks, saved, stock

NAMES = [f"{number}.png" for number in range(5)]


@pytest.fixture
def store(store: Store, clock: MovableClock) -> Store:
    """A store in which "acme" has 100 credits and five pictures of a circle."""
    set_credits(store, "acme", 100)
    stock(store, clock, dict.fromkeys(NAMES, circle()))
    return store


def step(store: Store, job_id: str, item: int) -> bool:
    """Annotate one item, with the settings as they come."""
    return annotate_one(store, Settings(), job_id, item)


def test_batch(store: Store, clock: MovableClock) -> None:
    """
    A batch annotates each image, takes a credit for each, and is completed.
    """
    job_id = batch(store, clock, NAMES, classes=[{"name": "circle", "output_type": "bbox"}])
    clock.now += 5

    job = drive_batch(store, clock, job_id)

    assert ("completed", 100, 5, 5, 0, 5, 5, 5) == (
        job.status,
        job.progress,
        job.total_images,
        job.processed_images,
        job.failed_images,
        job.total_annotations_added,
        job.estimated_credits,
        job.credits_charged,
    )
    assert ("2026-01-01T00:00:05.000Z", None, None) == (job.completed_at, job.error_message, job.error)
    assert 95 == credit_balance(store, "acme")
    for name in NAMES:
        version, ((marked),) = marks(store, name)
        assert (1, "circle", {"x": 8.0, "y": 8.0, "w": 24.0, "h": 24.0}, 1.0, f"auto-annotate {job_id}") == (
            version,
            marked["name"],
            marked["bounding_box"],
            marked["confidence"],
            marked["created_by"],
        )


def test_added(store: Store, clock: MovableClock) -> None:
    """
    What an image has stays; an image in which nothing is found keeps its version, and is paid for.
    """
    save_annotations(store, Settings(), _at("0.png"), SaveAnnotations(annotations=[box("old")]))

    job = drive_batch(store, clock, batch(store, clock, NAMES[:2]))
    nothing = drive_batch(store, clock, batch(store, clock, ["4.png"], classes=[{"name": "square"}]))

    assert (2, ["old", "circle"]) == _names(store, "0.png")
    assert (1, ["circle"]) == _names(store, "1.png")
    assert (2, 0, (0, [])) == (job.total_annotations_added, nothing.total_annotations_added, _names(store, "4.png"))
    assert (1, 97) == (nothing.credits_charged, credit_balance(store, "acme"))


def test_every_step_twice(store: Store, clock: MovableClock) -> None:
    """
    A batch of which each step is executed twice comes to the same as if each was executed once.
    """
    job_id = batch(store, clock, NAMES)

    assert begin_batch(store, clock, job_id) == begin_batch(store, clock, job_id) == [0, 1, 2, 3, 4]
    for item in range(5):
        assert step(store, job_id, item)
        before = get_batch(store, "acme", job_id)
        assert step(store, job_id, item)
        assert before == get_batch(store, "acme", job_id)
    finish_batch(store, clock, job_id)
    ended = get_batch(store, "acme", job_id)
    clock.now += 60
    finish_batch(store, clock, job_id)
    fail_batch(store, clock, job_id, ServerError("too late"))

    assert ("completed", ended) == (ended.status, get_batch(store, "acme", job_id))
    assert (5, 95, 1) == (ended.credits_charged, credit_balance(store, "acme"), len(marks(store, "0.png")[1]))
    assert ([], False) == (begin_batch(store, clock, job_id), step(store, job_id, 0))


def test_gone_on_with(store: Store, clock: MovableClock) -> None:
    """
    After a crash, `begin_batch` gives what is left, and the rest is done without touching what was done.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)
    step(store, job_id, 0)
    step(store, job_id, 3)

    assert [1, 2, 4] == begin_batch(store, clock, job_id)

    assert ("completed", 5) == (
        drive_batch(store, clock, job_id).status,
        get_batch(store, "acme", job_id).credits_charged,
    )
    assert [1] * 5 == [len(marks(store, name)[1]) for name in NAMES]


def test_killed_while_it_writes(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A step that breaks off in the middle of its transaction has done nothing: no annotation, no charge.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)

    def break_off(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr("pictograph_server.annotating.change_in", break_off)
        with pytest.raises(sqlite3.OperationalError):
            step(store, job_id, 0)

    assert (100, (0, []), 0) == (
        credit_balance(store, "acme"),
        marks(store, "0.png"),
        get_batch(store, "acme", job_id).processed_images,
    )
    assert (True, 99) == (step(store, job_id, 0), credit_balance(store, "acme"))


KILLED = """
import os, signal, sys
from pictograph_server import Settings, Store, annotating
store = Store(sys.argv[1])
done = annotating.change_in

def die(db, tenant, change):
    done(db, tenant, change)
    os.kill(os.getpid(), signal.SIGKILL)

annotating.change_in = die
annotating.annotate_one(store, Settings(), sys.argv[2], 0)
"""


def test_killed_process(store: Store, clock: MovableClock) -> None:
    """
    A process that is killed after the charge and before the commit has charged nothing; the step can be done again.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)

    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.folder.path), job_id],
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )

    assert (-signal.SIGKILL, 100) == (ended.returncode, credit_balance(store, "acme"))
    assert ("completed", 95) == (drive_batch(store, clock, job_id).status, credit_balance(store, "acme"))


def test_credits_end_in_the_middle(store: Store, clock: MovableClock) -> None:
    """
    When credits end at the third image the batch fails with the 402 that HTTP would answer; two images stay done.
    """
    set_credits(store, "acme", 2)

    job_id = batch(store, clock, NAMES)
    job = drive_batch(store, clock, job_id)

    assert ("failed", 2, 2, 2, 0) == (
        job.status,
        job.processed_images,
        job.credits_charged,
        job.total_annotations_added,
        credit_balance(store, "acme"),
    )
    assert [1, 1, 0, 0, 0] == [len(marks(store, name)[1]) for name in NAMES]
    message = (
        f"Batch {job_id} has annotated 2 images, which stay. Annotating 3 images costs 3 credits, 0 are left. "
        "Top up at https://pictograph.io/billing"
    )
    facts = {"required": 3, "remaining": 0, "upgrade_url": "https://pictograph.io/billing"}
    assert job.error is not None
    assert (message, 402, {"detail": {"message": message, **facts}}) == (
        job.error_message,
        job.error.status,
        job.error.body,
    )


def test_error_can_be_raised_again(store: Store, clock: MovableClock) -> None:
    """
    The error in a job's JSON is parsed to the same exception as one that was answered.
    """
    set_credits(store, "acme", 1)
    job = json.loads(drive_batch(store, clock, batch(store, clock, NAMES)).model_dump_json())

    error = parse_reply(Reply(job["error"]["status"], {}, json.dumps(job["error"]["body"]).encode()), CATALOGUE)

    assert isinstance(error, PaymentRequiredError)
    assert (4, 0, job["error_message"]) == (error.required, error.remaining, error.message)


def test_top_up_and_go_on(store: Store, clock: MovableClock) -> None:
    """
    A step that found no credits has done nothing, and works once there are some.
    """
    job_id = batch(store, clock, NAMES[:1], Settings(annotate_credits=3))
    set_credits(store, "acme", 2)
    begin_batch(store, clock, job_id)

    with pytest.raises(PaymentRequiredError) as caught:
        step(store, job_id, 0)
    add_credits(store, "acme", 2)

    assert (3, 2) == (caught.value.required, caught.value.remaining)
    assert (True, 1) == (step(store, job_id, 0), credit_balance(store, "acme"))


def test_price_of_the_start(store: Store, clock: MovableClock) -> None:
    """
    A batch costs what it was said to cost when it began, whatever the settings say later.
    """
    job_id = batch(store, clock, NAMES[:2], Settings(annotate_credits=3))

    job = drive_batch(store, clock, job_id, Settings(annotate_credits=50))

    assert (6, 6, 94) == (job.estimated_credits, job.credits_charged, credit_balance(store, "acme"))


def test_cancelled(store: Store, clock: MovableClock) -> None:
    """
    A cancelled batch stops before the next image; what was done stays, nothing more is charged, and it stays cancelled.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)
    step(store, job_id, 0)

    job = cancel_batch(store, clock, "acme", job_id)
    went_on = step(store, job_id, 1)
    finish_batch(store, clock, job_id)
    fail_batch(store, clock, job_id, ServerError("too late"))

    assert (False, [], job) == (went_on, begin_batch(store, clock, job_id), get_batch(store, "acme", job_id))
    assert ("cancelled", 1, 20, 99) == (
        job.status,
        job.processed_images,
        job.progress,
        credit_balance(store, "acme"),
    )


def test_cancelled_while_it_looks(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An image that is being looked at while the batch is cancelled is not annotated, and not charged.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)

    def look(*_: object) -> list[object]:
        cancel_batch(store, clock, "acme", job_id)
        return []

    monkeypatch.setattr("pictograph_server.annotating._look", look)

    assert (False, 100) == (step(store, job_id, 0), credit_balance(store, "acme"))


def test_two_workers(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of two workers that do the same step at once, one does it.
    """
    job_id = batch(store, clock, NAMES[:1])
    begin_batch(store, clock, job_id)
    looked = annotating._look

    def look(store: Store, settings: Settings, row: sqlite3.Row) -> object:
        monkeypatch.undo()
        assert step(store, job_id, 0)
        return looked(store, settings, row)

    monkeypatch.setattr("pictograph_server.annotating._look", look)

    assert (True, 1, 99) == (step(store, job_id, 0), len(marks(store, "0.png")[1]), credit_balance(store, "acme"))


def test_annotated_by_others_meanwhile(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What somebody saves while the image is being looked at is not lost.
    """
    job_id = batch(store, clock, NAMES[:1])
    begin_batch(store, clock, job_id)
    looked = annotating._look

    def look(store: Store, settings: Settings, row: sqlite3.Row) -> object:
        save_annotations(store, Settings(), _at("0.png"), SaveAnnotations(annotations=[box("theirs")]))
        return looked(store, settings, row)

    monkeypatch.setattr("pictograph_server.annotating._look", look)
    step(store, job_id, 0)

    assert (2, ["theirs", "circle"]) == _names(store, "0.png")


def test_failed_images(store: Store, clock: MovableClock) -> None:
    """
    An image whose file is gone or broken fails with its place and reason, costs nothing, and the others are done.
    """
    with store.reading() as db:
        files = [row["file"] for row in db.execute("SELECT file FROM images ORDER BY seq")]
    store.folder.remove(files[1])
    (store.folder.files / files[3]).write_bytes(b"broken")

    job = drive_batch(store, clock, batch(store, clock, NAMES))

    assert ("completed", 3, 2, 3, 97) == (
        job.status,
        job.processed_images,
        job.failed_images,
        job.credits_charged,
        credit_balance(store, "acme"),
    )
    assert [(1, "1.png", 500), (3, "3.png", 422)] == [
        (failure.index, failure.filename, failure.error.status) for failure in job.failures
    ]
    assert "The file of 1.png cannot be read (No such file or directory). Upload the image again." == (
        job.failures[0].error_message
    )
    assert "The 6 bytes are not a picture" in job.failures[1].error_message
    assert str(store.folder.path) not in job.model_dump_json()


def test_all_images_failed(store: Store, clock: MovableClock) -> None:
    """
    A batch of which no image could be annotated is failed, with the first reason as its error.
    """
    for path in store.folder.files.iterdir():
        path.write_bytes(b"broken")

    job = drive_batch(store, clock, batch(store, clock, NAMES))

    assert ("failed", 5, 100) == (job.status, job.failed_images, credit_balance(store, "acme"))
    assert str(job.error_message).startswith("None of 5 images could be annotated. The first: The 6 bytes")
    assert job.failures[0].error == job.error


def test_too_many_annotations(store: Store, clock: MovableClock) -> None:
    """
    An image that would have more annotations than allowed fails with both numbers, and keeps those it has.
    """
    many = saved(drawn(*(("rectangle", (x, 5, x + 4, 9), RED) for x in range(0, 90, 10))))
    with store.reading() as db:
        file = db.execute("SELECT file FROM images WHERE filename = '0.png'").fetchone()["file"]
    (store.folder.files / file).write_bytes(many)
    save_annotations(store, Settings(), _at("0.png"), SaveAnnotations(annotations=[box("old")]))

    job_id = batch(store, clock, NAMES[:2])
    job = drive_batch(store, clock, job_id, Settings(max_annotations=9))

    reason = "The image would have 10 annotations, it takes at most 9. Raise `confidence_threshold`, or set `top_k`"
    assert [reason] == [failure.error_message for failure in job.failures]
    assert (1, ["old"]) == _names(store, "0.png")
    assert ("completed", 99) == (job.status, credit_balance(store, "acme"))


def test_not_finished_yet(store: Store, clock: MovableClock) -> None:
    """
    A batch with items left is not finished by `finish_batch`.
    """
    job_id = batch(store, clock, NAMES)
    begin_batch(store, clock, job_id)
    step(store, job_id, 0)

    finish_batch(store, clock, job_id)

    assert ("running", None, 20) == (
        get_batch(store, "acme", job_id).status,
        get_batch(store, "acme", job_id).completed_at,
        get_batch(store, "acme", job_id).progress,
    )


def test_unfinished(store: Store, clock: MovableClock) -> None:
    """
    Batches that wait or run are unfinished, oldest first; those that have ended are not.
    """
    ids = [batch(store, clock, NAMES) for _ in range(5)]
    begin_batch(store, clock, ids[1])
    drive_batch(store, clock, ids[2])
    cancel_batch(store, clock, "acme", ids[3])

    assert [ids[0], ids[1], ids[4]] == unfinished_batches(store)


def test_clock_that_runs_back(store: Store, clock: MovableClock) -> None:
    """
    A batch never ends before it was accepted, though the worker's clock may be behind.
    """
    job_id = batch(store, clock, NAMES)
    clock.now -= 3600

    job = drive_batch(store, clock, job_id)

    assert (job.created_at, job.created_at) == (job.started_at, job.completed_at)


def _at(filename: str) -> Find:
    return lambda db: find_image_at(db, "acme", "ds", filename)


def _names(store: Store, filename: str) -> tuple[int, list[str]]:
    version, found = marks(store, filename)
    return version, [entry["name"] for entry in found]
