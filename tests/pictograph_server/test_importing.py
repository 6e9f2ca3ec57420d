from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from failwell.wire import Reply, parse_reply
from pictograph.exceptions import CATALOGUE, ConflictError, NotFoundError, PictographError, ServerError, ValidationError
from pictograph_server import Settings, Store, importing
from pictograph_server.datasets import NewDataset, create_dataset, get_dataset
from pictograph_server.importing import begin_import, fail_import, finish_import, import_one, unfinished_imports
from pictograph_server.imports import Import, cancel_import, get_import

from .api import MovableClock, picture
from .job_data import circle, drive_import, images, import_of, put, zipped

FILES = {
    "b.png": circle(),
    "train/a.png": picture(size=(10, 20)),
    "train/deep/c.jpg": picture(size=(5, 6), kind="JPEG"),
}
IMAGES = [("/", "b.png", 96, 72), ("/train", "a.png", 10, 20), ("/train/deep", "c.jpg", 5, 6)]


@pytest.fixture
def root(store: Store) -> Path:
    """The import root, with three pictures as the folder "shapes" and as "shapes.zip"."""
    root = store.folder.path / "imports"
    put(root / "shapes", FILES)
    put(root, {"shapes.zip": zipped(FILES)})
    return root


def raised(job: Import) -> PictographError:
    """The error that a client makes of the one in the job's JSON."""
    error = json.loads(job.model_dump_json())["error"]
    again = parse_reply(Reply(error["status"], {}, json.dumps(error["body"]).encode()), CATALOGUE)
    assert isinstance(again, PictographError)
    return again


@pytest.mark.parametrize(("provider", "source"), [("folder", "shapes"), ("zip", "shapes.zip")])
@pytest.mark.usefixtures("root")
def test_import(store: Store, clock: MovableClock, provider: str, source: str) -> None:
    """
    An import makes a dataset of a folder or an archive; folders in it become folders of the dataset.
    """
    import_id = import_of(store, clock, provider, source)
    clock.now += 5

    job = drive_import(store, clock, import_id)

    assert ("completed", 100.0, 3, 3, 0, "", [], None) == (
        job.status,
        job.progress,
        job.total_images,
        job.imported_images,
        job.failed_images,
        job.current_dataset,
        job.failures,
        job.error,
    )
    assert "2026-01-01T00:00:05.000Z" == job.completed_at
    dataset = get_dataset(store, "acme", source)
    assert [(source, dataset.id, "completed", 3, 0)] == [tuple(entry.model_dump().values()) for entry in job.datasets]
    assert (3, sorted(IMAGES)) == (dataset.image_count, sorted(images(store)))
    with store.reading() as db:
        stored = {row["filename"]: row["file"] for row in db.execute("SELECT * FROM images")}
    assert FILES["b.png"] == store.folder.read(stored["b.png"])


@pytest.mark.usefixtures("root")
def test_several(store: Store, clock: MovableClock, root: Path) -> None:
    """
    Several folders become several datasets, one after the other; while one is imported it is the current one.
    """
    put(root / "more/inner", {"x.png": picture(), "y.txt": b"no picture"})
    import_id = import_of(store, clock, "folder", "shapes", "more/inner")
    assert ("", 0.0) == (
        get_import(store, "acme", import_id).current_dataset,
        get_import(store, "acme", import_id).progress,
    )

    items = begin_import(store, clock, Settings(), import_id)
    seen = []
    for item in items:
        seen.append(get_import(store, "acme", import_id))
        import_one(store, clock, Settings(), import_id, item)
    finish_import(store, clock, import_id)
    ended = get_import(store, "acme", import_id)

    assert ["shapes", "shapes", "shapes", "more-inner", "more-inner"] == [job.current_dataset for job in seen]
    assert [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] == [job.progress for job in [*seen, ended]]
    assert ["pending", "processing"] == [job.datasets[1].status for job in (seen[0], seen[3])]
    assert [("shapes", "completed", 3, 0), ("more-inner", "completed", 1, 1)] == [
        (entry.name, entry.status, entry.imported, entry.failed) for entry in ended.datasets
    ]


def test_files_that_are_no_images(store: Store, clock: MovableClock, root: Path) -> None:
    """
    What cannot become an image is counted as failed, each with its place, its name and the reason.
    """
    put(
        root / "shapes",
        {"a.txt": b"hello", "cut.png": circle()[:-40], "big.png": picture(size=(900, 900)), "huge.png": b"x" * 5001},
    )
    (root / "shapes" / "out.png").symlink_to("/etc/passwd")

    settings = Settings(max_image_pixels=800_000, max_image_bytes=5000)
    job = drive_import(store, clock, import_of(store, clock, "folder", "shapes"), settings)

    assert ("completed", 8, 3, 5) == (job.status, job.total_images, job.imported_images, job.failed_images)
    reasons = {failure.filename: failure.error_message for failure in job.failures}
    assert [0, 2, 3, 4, 5] == [failure.index for failure in job.failures]
    assert {422} == {failure.error.status for failure in job.failures}
    assert "The 5 bytes are not a picture" in reasons["a.txt"]
    assert "are not a picture" in reasons["cut.png"]
    assert "The picture has 810000 pixels, the most we take is 800000" in reasons["big.png"]
    assert "It is larger than 5000 bytes, the most we take. Scale it down" == reasons["huge.png"]
    assert "It is a link that leads out of the import root" in reasons["out.png"]
    assert str(root) not in job.model_dump_json()


def test_nasty_archive(store: Store, clock: MovableClock, root: Path) -> None:
    """
    In an archive, names that lead elsewhere or meet are failures, and nothing is written outside of the data folder.
    """
    names = ["/abs.png", "../../up.png", "a\\b.png", "d/x.png", "d//x.png", "ok.png", "\x01.png"]
    put(root, {"nasty.zip": zipped(dict.fromkeys(names, circle()))})
    outside = sorted(path.name for path in store.folder.path.parent.iterdir())

    job = drive_import(store, clock, import_of(store, clock, "zip", "nasty.zip"))

    assert [("/d", "x.png", 96, 72), ("/", "ok.png", 96, 72)] == images(store)
    assert {
        "/abs.png": "The name is absolute",
        "../../up.png": 'must not be "." or ".."',
        "a\\b.png": "must not contain a slash or backslash",
        "d/x.png": "Another file would have the same folder and name",
        "?.png": "must not contain control characters",
    } == {
        failure.filename: next(
            part
            for part in (
                "The name is absolute",
                'must not be "." or ".."',
                "must not contain a slash or backslash",
                "Another file would have the same folder and name",
                "must not contain control characters",
            )
            if part in failure.error_message
        )
        for failure in job.failures
    }
    assert ("completed", 2, 5) == (job.status, job.imported_images, job.failed_images)
    assert outside == sorted(path.name for path in store.folder.path.parent.iterdir())


@pytest.mark.parametrize(
    ("content", "limits", "reason"),
    [
        (b"no archive", Settings(), "shapes.zip cannot be imported. It is no zip archive, or a broken one."),
        (zipped({}), Settings(), "shapes.zip cannot be imported. It is empty. Put pictures into it"),
        (zipped(FILES), Settings(max_import_entries=2), "has 3 entries, an import takes at most 2"),
        (zipped(FILES), Settings(max_import_bytes=500), "it takes at most 500. Split it"),
    ],
    ids=["broken", "empty", "too many", "too large"],
)
def test_archives_that_cannot_be_imported(
    store: Store, clock: MovableClock, root: Path, *, content: bytes, limits: Settings, reason: str
) -> None:
    """
    A whole archive that cannot be imported ends the import with a ValidationError, and leaves no dataset behind.
    """
    (root / "shapes.zip").write_bytes(content)

    job = drive_import(store, clock, import_of(store, clock, "zip", "shapes.zip"), limits)
    error = raised(job)

    assert "error" == job.status
    assert reason in str(job.error_message)
    assert isinstance(error, ValidationError)
    assert [["body", "datasets", 0, "id"]] == [entry["loc"] for entry in error.errors]
    with pytest.raises(NotFoundError):
        get_dataset(store, "acme", "shapes.zip")


def test_limits_hold_for_all_sources(store: Store, clock: MovableClock, root: Path) -> None:
    """
    The limits are about an import as a whole, not about each of its sources.
    """
    put(root / "more", {"x.png": circle()})

    job = drive_import(
        store, clock, import_of(store, clock, "folder", "shapes", "more"), Settings(max_import_entries=3)
    )

    assert ("error", "more cannot be imported. The import has 4 files so far, it takes at most 3. Split it") == (
        job.status,
        job.error_message,
    )


@pytest.mark.usefixtures("root")
def test_every_step_twice(store: Store, clock: MovableClock) -> None:
    """
    An import of which each step is executed twice comes to the same as if each was executed once.
    """
    import_id = import_of(store, clock, "zip", "shapes.zip")
    settings = Settings()

    assert (
        begin_import(store, clock, settings, import_id) == begin_import(store, clock, settings, import_id) == [0, 1, 2]
    )
    for item in range(3):
        assert import_one(store, clock, settings, import_id, item)
        before = (get_import(store, "acme", import_id), sorted(store.folder.files.iterdir()))
        assert import_one(store, clock, settings, import_id, item)
        assert before == (get_import(store, "acme", import_id), sorted(store.folder.files.iterdir()))
    finish_import(store, clock, import_id)
    ended = get_import(store, "acme", import_id)
    clock.now += 60
    finish_import(store, clock, import_id)
    fail_import(store, clock, import_id, ServerError("too late"))

    assert ("completed", ended) == (ended.status, get_import(store, "acme", import_id))
    assert (IMAGES, 3) == (sorted(images(store)), len(list(store.folder.files.iterdir())))
    assert [] == begin_import(store, clock, settings, import_id)
    assert not import_one(store, clock, settings, import_id, 0)


@pytest.mark.usefixtures("root")
def test_gone_on_with(store: Store, clock: MovableClock, root: Path) -> None:
    """
    After a crash `begin_import` gives what is left of what was listed first, whatever was put there since.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    begin_import(store, clock, Settings(), import_id)
    import_one(store, clock, Settings(), import_id, 1)
    put(root / "shapes", {"a-new.png": circle()})

    assert [0, 2] == begin_import(store, clock, Settings(), import_id)

    assert ("completed", 3) == (drive_import(store, clock, import_id).status, len(images(store)))


KILLED = """
import os, signal, sys
from failwell.clock import SystemClock
from pictograph_server import Settings, Store, importing
store = Store(sys.argv[1])
done = importing.add_image

def die(*args, **more):
    done(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)

importing.add_image = die
importing.import_one(store, SystemClock(), Settings(), sys.argv[2], 0)
"""


@pytest.mark.usefixtures("root")
def test_killed_process(store: Store, clock: MovableClock) -> None:
    """
    A process that is killed before the commit has made no image, and the file that it wrote is used by who goes on.
    """
    import_id = import_of(store, clock, "zip", "shapes.zip")
    begin_import(store, clock, Settings(), import_id)

    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.folder.path), import_id],
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )

    assert (-signal.SIGKILL, [], 1) == (ended.returncode, images(store), len(list(store.folder.files.iterdir())))
    assert "completed" == drive_import(store, clock, import_id).status
    assert (IMAGES, 3) == (sorted(images(store)), len(list(store.folder.files.iterdir())))


@pytest.mark.usefixtures("root")
def test_disk_full(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A full disk is not the file's fault: the step raises, nothing is noted, and it can be done again.
    """
    import_id = import_of(store, clock, "zip", "shapes.zip")
    begin_import(store, clock, Settings(), import_id)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store.folder, "write", full)
        with pytest.raises(OSError, match="No space left"):
            import_one(store, clock, Settings(), import_id, 0)

    assert (0, "completed") == (
        get_import(store, "acme", import_id).failed_images,
        drive_import(store, clock, import_id).status,
    )


@pytest.mark.usefixtures("root")
def test_cancelled(store: Store, clock: MovableClock) -> None:
    """
    A cancelled import stops before the next file; what was imported stays, and it stays cancelled.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    begin_import(store, clock, Settings(), import_id)
    import_one(store, clock, Settings(), import_id, 0)

    job = cancel_import(store, clock, "acme", import_id)
    went_on = import_one(store, clock, Settings(), import_id, 1)
    finish_import(store, clock, import_id)
    fail_import(store, clock, import_id, ServerError("too late"))

    assert (False, [], job) == (
        went_on,
        begin_import(store, clock, Settings(), import_id),
        get_import(store, "acme", import_id),
    )
    assert ("cancelled", 1, 33.3, ["cancelled"]) == (
        job.status,
        job.imported_images,
        job.progress,
        [entry.status for entry in job.datasets],
    )
    assert 1 == len(images(store))


@pytest.mark.usefixtures("root")
def test_cancelled_before_it_began(store: Store, clock: MovableClock) -> None:
    """
    An import that is cancelled before it began makes no dataset.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    cancel_import(store, clock, "acme", import_id)

    assert ("cancelled", 0) == (drive_import(store, clock, import_id).status, len(images(store)))
    assert [None] == [entry.dataset_id for entry in get_import(store, "acme", import_id).datasets]


@pytest.mark.usefixtures("root")
def test_cancelled_while_it_reads(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file that is being read while the import is cancelled does not become an image, and its copy is removed.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    begin_import(store, clock, Settings(), import_id)
    made = importing._make

    def make(store: Store, settings: Settings, row: sqlite3.Row) -> object:
        cancel_import(store, clock, "acme", import_id)
        return made(store, settings, row)

    monkeypatch.setattr(importing, "_make", make)

    assert (False, [], []) == (
        import_one(store, clock, Settings(), import_id, 0),
        images(store),
        list(store.folder.files.iterdir()),
    )


@pytest.mark.usefixtures("root")
def test_two_workers(store: Store, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of two workers that do the same step at once one makes the image, and its file stays.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    begin_import(store, clock, Settings(), import_id)
    made = importing._make

    def make(store: Store, settings: Settings, row: sqlite3.Row) -> object:
        monkeypatch.undo()
        assert import_one(store, clock, Settings(), import_id, 0)
        return made(store, settings, row)

    monkeypatch.setattr(importing, "_make", make)

    assert (True, 1, 1) == (
        import_one(store, clock, Settings(), import_id, 0),
        len(images(store)),
        len(list(store.folder.files.iterdir())),
    )


@pytest.mark.usefixtures("root")
def test_name_taken_after_the_start(store: Store, clock: MovableClock) -> None:
    """
    A dataset of that name that was made since the start ends the import with the ConflictError of the start.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    create_dataset(store, clock, "acme", NewDataset(name="shapes"))

    error = raised(drive_import(store, clock, import_id))

    assert isinstance(error, ConflictError)
    assert ("duplicate_name", []) == (error.error_code, images(store))


@pytest.mark.usefixtures("root")
def test_place_taken_meanwhile(store: Store, clock: MovableClock) -> None:
    """
    A file whose place in the dataset was taken by an upload meanwhile is a failure, and leaves no copy.
    """
    import_id = import_of(store, clock, "folder", "shapes")
    begin_import(store, clock, Settings(), import_id)
    with store.writing() as db:
        db.execute(
            "INSERT INTO images (id, tenant, dataset_id, directory_path, filename, file, file_size, content_type,"
            " width, height, created_at) SELECT 'i', 'acme', dataset_id, '/', 'b.png', 'f', 1, 'image/png', 1, 1, 0"
            " FROM import_datasets"
        )

    job = drive_import(store, clock, import_id)

    assert [("b.png", 409)] == [(failure.filename, failure.error.status) for failure in job.failures]
    assert (2, 2) == (job.imported_images, len(list(store.folder.files.iterdir())))


def test_all_failed(store: Store, clock: MovableClock, root: Path) -> None:
    """
    An import of which no file could become an image ends as an error, with the first reason.
    """
    put(root / "texts", {"a.txt": b"hello", "b.txt": b"bye"})

    job = drive_import(store, clock, import_of(store, clock, "folder", "texts"))

    assert ("error", 2, ["error"]) == (job.status, job.failed_images, [entry.status for entry in job.datasets])
    assert str(job.error_message).startswith("None of 2 files could be imported. The first: The 5 bytes")
    assert isinstance(raised(job), ValidationError)


def test_many_failures(store: Store, clock: MovableClock, root: Path) -> None:
    """
    A job tells of a hundred failures at most, and counts all.
    """
    put(root / "texts", {f"{number}.txt": b"hello" for number in range(102)} | {"x.png": circle()})

    job = drive_import(store, clock, import_of(store, clock, "folder", "texts"))

    assert (102, 100, "completed") == (job.failed_images, len(job.failures), job.status)


def test_source_gone(store: Store, clock: MovableClock, root: Path) -> None:
    """
    A folder that is gone when the import begins ends it with a NotFoundError; a file that is gone later is a failure.
    """
    early, late = import_of(store, clock, "zip", "shapes.zip"), import_of(store, clock, "folder", "shapes")
    (root / "shapes.zip").unlink()
    begin_import(store, clock, Settings(), late)
    (root / "shapes" / "b.png").unlink()

    assert isinstance(raised(drive_import(store, clock, early)), NotFoundError)
    assert ["b.png"] == [failure.filename for failure in drive_import(store, clock, late).failures]


@pytest.mark.usefixtures("root")
def test_unfinished(store: Store, clock: MovableClock) -> None:
    """
    Imports that wait or are under way are unfinished, oldest first; those that have ended are not.
    """
    first = import_of(store, clock, "folder", "shapes")
    second = import_of(store, clock, "zip", "shapes.zip")
    begin_import(store, clock, Settings(), second)
    assert [first, second] == unfinished_imports(store)

    finish_import(store, clock, first)
    finish_import(store, clock, second)
    assert [first, second] == unfinished_imports(store)

    drive_import(store, clock, second)
    assert [first] == unfinished_imports(store)
