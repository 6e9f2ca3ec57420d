from __future__ import annotations

import contextlib
import errno
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import trio
import trio.testing

import failwell
import pictograph
from failwell.clock import SystemClock, VirtualClock
from failwell.policy.batch import BatchQueue
from failwell.server.limits.token_bucket import Buckets
from pictograph import AsyncClient, PictographError, UploadReport, upload_folder
from pictograph.exceptions import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PaymentRequiredError,
    RateLimitError,
    ServerError,
    ValidationError,
)

from .backend import every_colour
from .gallery import Gallery

HOMES = tuple(str(Path(str(package.__file__)).parent) for package in (failwell, pictograph))
MANY = [f"{number:03}.png" for number in range(60)]


def made(folder: Path, *names: str) -> Path:
    """*folder* with files of these *names*, each with its own name as its bytes."""
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pictures, a text, and a picture in a sub-folder."""
    return made(tmp_path / "pictures", "a.png", "b.jpg", "notes.txt", "cats/c.gif")


def upload(folder: Any, **settings: Any) -> Callable[[Any], Any]:
    """A call that uploads *folder*, silently."""
    settings = {"progress": False, **settings}
    return lambda client: upload_folder(client, "ds", folder, **settings)


def names(paths: Any) -> list[str]:
    """The names of *paths*, in their order."""
    return [path.name for path in paths]


def refuse(status: int, *wanted: str, at: str = "sign", detail: Any = "no") -> Callable[[str, str], Any]:
    """Answer a step for the *wanted* images (all, if none is named) with *status*."""
    return lambda step, name: (status, {"detail": detail}) if step == at and (name in wanted or not wanted) else None


@every_colour
def test_all_pictures(folder: Path, colour: str) -> None:
    """
    Every file that looks like an image is uploaded whole, into the folder that it lies in; others are ignored.
    """
    gallery = Gallery()
    report = gallery.ask(colour, upload(folder, directory_path="/2026/"))

    assert {"/2026|a.png": b"a.png", "/2026|b.jpg": b"b.jpg", "/2026/cats|c.gif": b"cats/c.gif"} == gallery.stored
    assert {("/2026", "a.png"), ("/2026", "b.jpg"), ("/2026/cats", "c.gif")} == gallery.places_taken
    assert [folder / "a.png", folder / "b.jpg", folder / "cats" / "c.gif"] == list(report.uploaded)
    assert "/2026/cats|c.gif" == report.uploaded[folder / "cats" / "c.gif"].id
    assert ((folder / "notes.txt",), (), {}, ()) == (report.ignored, report.skipped, report.failed, report.remaining)


@every_colour
def test_not_recursive(folder: Path, colour: str) -> None:
    """
    With recursive=False sub-folders are left alone.
    """
    gallery = Gallery()
    report = gallery.ask(colour, upload(str(folder), recursive=False))

    assert ["a.png", "b.jpg"] == names(report.uploaded)
    assert {("/", "a.png"), ("/", "b.jpg")} == gallery.places_taken


@every_colour
def test_one_key_per_request_that_changes_something(tmp_path: Path, colour: str) -> None:
    """
    Every request to the API has a key of its own, and the one to the store has none.
    """
    gallery = Gallery()
    gallery.ask(colour, upload(made(tmp_path / "many", *MANY)))
    keyed = [key for (step, _), key in zip(gallery.steps, gallery.keys, strict=True) if step != "put"]

    assert (120, 120, True) == (len(keyed), len(set(keyed)), all(keyed))
    assert {None} == {key for (step, _), key in zip(gallery.steps, gallery.keys, strict=True) if step == "put"}


@every_colour
@pytest.mark.parametrize("workers", [1, 3, 8])
def test_bounded(workers: int, tmp_path: Path, colour: str) -> None:
    """
    At most max_workers files are under way at once, and so many are.
    """
    lock = threading.Lock()
    under_way: set[str] = set()
    most: list[int] = []
    together = threading.Barrier(workers, timeout=10)

    def watch(step: str, name: str) -> None:
        with lock:
            if step == "sign":
                under_way.add(name)
                most.append(len(under_way))
            elif step == "register":
                under_way.discard(name)
        # Threads meet here: with fewer under way than allowed nobody would come through.
        if colour == "blocking" and step == "put":
            together.wait()

    report = Gallery(trouble=watch).ask(colour, upload(made(tmp_path / "many", *MANY[:48]), max_workers=workers))

    assert (48, True) == (len(report.uploaded), max(most) <= workers)
    assert colour != "blocking" or workers == max(most)


@every_colour
def test_tasks_are_under_way_together(tmp_path: Path, colour: str) -> None:
    """
    Awaiting, too, so many uploads are under way at once as there are workers.
    """
    if colour == "blocking":
        return
    under_way, most = [0], [0]

    class Slow(Gallery):
        async def awaited(self, request: Any) -> Any:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            under_way[0] -= 1
            return await super().awaited(request)

    Slow().ask(colour, upload(made(tmp_path / "many", *MANY), max_workers=5))

    assert 5 == most[0]


@every_colour
def test_skip_existing(folder: Path, colour: str) -> None:
    """
    With skip_existing what the dataset has is found out by one listing, and nothing is sent for it.
    """
    there = [("/", "a.png"), ("/cats", "b.jpg"), ("/cats", "c.gif"), ("/", "x.png"), ("/", "y.png")]
    gallery = Gallery(there)
    report = gallery.ask(colour, upload(folder, skip_existing=True))

    assert (["a.png", "c.gif"], ["b.jpg"], {}) == (names(report.skipped), names(report.uploaded), report.failed)
    assert [("list", "images")] * 2 == gallery.steps[:2]
    assert ["b.jpg"] == gallery.signed
    assert 2 == [step for step, _ in gallery.steps].count("list")


@every_colour
def test_skip_existing_twice(folder: Path, colour: str) -> None:
    """
    A second run uploads nothing.
    """
    gallery = Gallery()
    gallery.ask(colour, upload(folder, skip_existing=True))
    report = gallery.ask(colour, upload(folder, skip_existing=True))

    assert ({}, 3, 3) == (report.uploaded, len(report.skipped), len(gallery.signed))


@every_colour
def test_only_one_folder_is_listed(folder: Path, colour: str) -> None:
    """
    When all pictures go to one folder, only that one is listed.
    """
    seen: list[str | None] = []

    class Watching(Gallery):
        def _page(self, request: Any) -> Any:
            seen.append(request.url.params.get("directory_path"))
            return super()._page(request)

    Watching().ask(colour, upload(folder, skip_existing=True, recursive=False, directory_path="dogs"))
    Watching().ask(colour, upload(folder, skip_existing=True))

    assert ["/dogs", None] == seen


@every_colour
def test_race(folder: Path, colour: str) -> None:
    """
    An image that somebody else uploads after the listing counts as skipped, too.
    """
    detail = {"message": "It is there.", "error_code": "duplicate_filename"}
    for step in ("sign", "register"):
        gallery = Gallery(trouble=refuse(409, "b.jpg", at=step, detail=detail))
        report = gallery.ask(colour, upload(folder, skip_existing=True))

        assert (["b.jpg"], ["a.png", "c.gif"], {}) == (names(report.skipped), names(report.uploaded), report.failed)


@every_colour
def test_duplicates(folder: Path, colour: str) -> None:
    """
    Without skip_existing an image that is there is a failure of its own, and the others are uploaded.
    """
    gallery = Gallery([("/", "a.png")])
    report = gallery.ask(colour, upload(folder))
    error = report.failed[folder / "a.png"]

    assert (["b.jpg", "c.gif"], ["a.png"], ()) == (names(report.uploaded), names(report.failed), report.skipped)
    assert isinstance(error, ConflictError)
    assert ("duplicate_filename", True) == (error.error_code, "skip_existing=True" in error.__notes__[0])


@every_colour
@pytest.mark.parametrize(("status", "kind"), [(422, ValidationError), (500, ServerError), (409, ConflictError)])
@pytest.mark.parametrize("step", ["sign", "put", "register"])
def test_errors_of_one_file(step: str, status: int, kind: type[Exception], folder: Path, colour: str) -> None:
    """
    An error that only one file meets is noted, and the others are uploaded.
    """
    gallery = Gallery(trouble=refuse(status, "b.jpg", at=step))
    report = gallery.ask(colour, upload(folder), max_retries=0)

    assert {folder / "b.jpg": kind} == {path: type(error) for path, error in report.failed.items()}
    assert ["a.png", "c.gif"] == names(report.uploaded)


@every_colour
@pytest.mark.parametrize("status", [401, 403, 404])
def test_store_that_refuses(status: int, folder: Path, colour: str) -> None:
    """
    A signed URL that the store refuses is a failure of that file alone: it says nothing about the others.
    """
    report = Gallery(trouble=refuse(status, "b.jpg", at="put")).ask(colour, upload(folder))

    assert (["b.jpg"], ["a.png", "c.gif"]) == (names(report.failed), names(report.uploaded))


STOPS: list[tuple[int, type[PictographError]]] = [
    (401, AuthError),
    (402, PaymentRequiredError),
    (403, ForbiddenError),
    (404, NotFoundError),
]


@every_colour
@pytest.mark.parametrize("refused", STOPS)
@pytest.mark.parametrize("step", ["sign", "register"])
def test_errors_that_end_it(
    step: str, refused: tuple[int, type[PictographError]], tmp_path: Path, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An error that every file would meet is raised; nothing more is started, and the report says what was done.
    """
    folder = made(tmp_path / "many", *MANY, "x.txt")
    status, kind = refused
    stopped = threading.Event()
    failed = BatchQueue.failed

    def noted(tally: BatchQueue[Any], number: int, error: Any) -> None:
        failed(tally, number, error)
        stopped.set()

    def trouble(at: str, name: str) -> tuple[int, Any] | None:
        # The other thread is not to run far ahead before this one has noted what it met.
        if colour == "blocking" and at == "sign" and name > "003.png":
            assert stopped.wait(10)
        return (status, {"detail": "no"}) if (at, name) == (step, "003.png") else None

    monkeypatch.setattr(BatchQueue, "failed", noted)
    gallery = Gallery(trouble=trouble)
    with pytest.raises(kind) as caught:
        gallery.ask(colour, upload(folder, max_workers=2))
    report = UploadReport.of(caught.value)
    assert report is not None

    assert {"000.png", "001.png", "002.png"} <= {*names(report.uploaded)}
    assert (folder / "003.png", {}, [folder / "x.txt"]) == (report.remaining[0], report.failed, [*report.ignored])
    assert 60 == len(report.uploaded) + len(report.remaining)
    assert {*gallery.signed} == {*names(report.uploaded), "003.png"}
    assert len(gallery.signed) <= (5 if colour == "blocking" else 59)
    assert (
        f"Of 60 files {len(report.uploaded)} were uploaded, 0 skipped, 0 failed and {len(report.remaining)} remain; "
        "`UploadReport.of(e)` names them."
    ) == caught.value.__notes__[-1]


@every_colour
def test_uploads_under_way_are_completed(tmp_path: Path, colour: str) -> None:
    """
    When one file ends the whole, what is under way is completed: no image is left half-made.
    """
    gallery = Gallery(trouble=refuse(402, "002.png"))
    with pytest.raises(PaymentRequiredError) as caught:
        gallery.ask(colour, upload(made(tmp_path / "many", *MANY), max_workers=8))
    report = UploadReport.of(caught.value)
    assert report is not None

    assert {name for _, name in gallery.places_taken} == {*names(report.uploaded)}
    assert {*gallery.signed} - {"002.png"} == {*names(report.uploaded)}


@every_colour
@pytest.mark.parametrize(("status", "kind"), [*STOPS, (500, ServerError)])
def test_listing_that_fails(status: int, kind: type[PictographError], folder: Path, colour: str) -> None:
    """
    When the dataset cannot be listed, nothing is uploaded; everything remains.
    """
    gallery = Gallery(trouble=refuse(status, at="list"))
    with pytest.raises(kind) as caught:
        gallery.ask(colour, upload(folder, skip_existing=True), max_retries=0)
    report = UploadReport.of(caught.value)
    assert report is not None

    assert ([], 3, {}) == (gallery.signed, len(report.remaining), report.uploaded)


@every_colour
def test_the_error_with_its_report_travels(tmp_path: Path, colour: str) -> None:
    """
    The error pickles with its report, and shows at most three frames of ours.
    """
    gallery = Gallery(trouble=refuse(402, "002.png"))
    with pytest.raises(PaymentRequiredError) as caught:
        gallery.ask(colour, upload(made(tmp_path / "many", *MANY[:5]), max_workers=1))
    loaded = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    frames = [each for each in traceback.extract_tb(caught.value.__traceback__) if each.filename.startswith(HOMES)]

    assert UploadReport.of(caught.value) == UploadReport.of(loaded)
    assert (str(caught.value), caught.value.__notes__) == (str(loaded), loaded.__notes__)
    assert 1 <= len(frames) <= 3
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


def test_reports_of_other_errors() -> None:
    """
    An error of something else has no report.
    """
    assert None is UploadReport.of(AuthError("no"))
    assert None is UploadReport.of(ValueError())


@every_colour
@pytest.mark.parametrize("skip_existing", [True, False])
def test_empty_folder(skip_existing: bool, tmp_path: Path, colour: str) -> None:
    """
    A folder without pictures asks for nothing.
    """
    gallery = Gallery()
    report = gallery.ask(colour, upload(made(tmp_path / "empty"), skip_existing=skip_existing))

    assert (UploadReport(), []) == (report, gallery.steps)


@every_colour
@pytest.mark.parametrize(("name", "problem"), [("a.png", NotADirectoryError), ("nowhere", FileNotFoundError)])
def test_folders_that_are_none(name: str, problem: type[OSError], folder: Path, colour: str) -> None:
    """
    A folder that is a file, or is not there, is an OSError before any request, and names the path.
    """
    gallery = Gallery()
    with pytest.raises(problem) as caught:
        gallery.ask(colour, upload(folder / name))

    assert ([], True) == (gallery.steps, name in str(caught.value))


@every_colour
def test_links(folder: Path, tmp_path: Path, colour: str) -> None:
    """
    Links to files are followed; links to folders, which may lead round in circles, are ignored.
    """
    made(tmp_path / "else", "d.png")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "cats" / "up").symlink_to("..", target_is_directory=True)
    (folder / "else").symlink_to(tmp_path / "else", target_is_directory=True)
    (folder / "link.png").symlink_to(tmp_path / "else" / "d.png")
    gallery = Gallery()
    report = gallery.ask(colour, upload(folder))

    assert ["a.png", "b.jpg", "link.png", "c.gif"] == names(report.uploaded)
    assert b"d.png" == gallery.stored["/|link.png"]
    assert ["else", "notes.txt", "round", "up"] == sorted(names(report.ignored))


@every_colour
def test_files_that_cannot_be_read(folder: Path, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A dead link, a pipe and a file without permission are failures of their own, before anything is sent for them.
    """
    (folder / "dead.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    opened = Path.open

    def guarded(path: Path, *args: Any, **named: Any) -> Any:
        if path.name == "b.jpg":  # whoever runs this as root may read everything
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", guarded)
    gallery = Gallery()
    report = gallery.ask(colour, upload(folder))

    assert {"dead.png": FileNotFoundError, "pipe.png": OSError, "b.jpg": PermissionError} == {
        path.name: type(error) for path, error in report.failed.items()
    }
    assert ({"a.png", "c.gif"}, {"a.png", "c.gif"}) == ({*gallery.signed}, {*names(report.uploaded)})


@every_colour
def test_folder_inside_that_cannot_be_read(folder: Path, colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A sub-folder that may not be read is a failure; the rest is uploaded.
    """
    looked = os.scandir

    def guarded(path: Any) -> Any:
        if Path(path).name == "cats":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return looked(path)

    monkeypatch.setattr(os, "scandir", guarded)
    report = Gallery().ask(colour, upload(folder))

    assert {folder / "cats": PermissionError} == {path: type(error) for path, error in report.failed.items()}
    assert ["a.png", "b.jpg"] == names(report.uploaded)


@every_colour
def test_names_of_any_kind(tmp_path: Path, colour: str) -> None:
    """
    Names with spaces, signs and letters of any script arrive as they are.
    """
    odd = ["Grüße aus Köln.png", "猫 100%.png", "a?b#c&d.png", " .png", "UPPER.PNG", "é.png", "e\u0301.png"]
    gallery = Gallery()
    report = gallery.ask(colour, upload(made(tmp_path / "my pictures", *odd, *(f"Fotos 2026/{name}" for name in odd))))

    assert {(where, name) for where in ("/", "/Fotos 2026") for name in odd} == gallery.places_taken
    assert 14 == len(report.uploaded)


@every_colour
def test_names_that_no_request_can_carry(tmp_path: Path, colour: str) -> None:
    """
    A name that is no text is a failure of its own, which says so.
    """
    broken = os.fsdecode(b"\xff.png")
    report = Gallery().ask(colour, upload(made(tmp_path / "many", "a.png", broken)))
    [(path, error)] = report.failed.items()

    assert (broken, ["a.png"], ValueError) == (path.name, names(report.uploaded), type(error))
    assert str(error).startswith("An argument of images.upload cannot be sent as JSON: ")


@every_colour
def test_progress(tmp_path: Path, colour: str) -> None:
    """
    `progress` is told of every file, one after the other: skipped, failed and uploaded ones.
    """
    told: list[tuple[int, int, Path]] = []
    folder = made(tmp_path / "many", *MANY[:20])
    gallery = Gallery([("/", "004.png")], trouble=refuse(422, "007.png"))
    gallery.ask(
        colour, upload(folder, skip_existing=True, progress=lambda done, total, path: told.append((done, total, path)))
    )

    assert [(number, 20) for number in range(1, 21)] == [(done, total) for done, total, _ in told]
    assert {folder / name for name in MANY[:20]} == {path for _, _, path in told}
    assert folder / "004.png" == told[0][2]


class StopItError(Exception):
    """What a caller's own function raises."""


@every_colour
@pytest.mark.parametrize("kind", [StopItError, ValueError, OSError, SystemExit, KeyboardInterrupt])
def test_progress_that_raises(kind: type[BaseException], tmp_path: Path, colour: str) -> None:
    """
    What the caller's own function raises ends the upload, and is raised as it is, in no group.
    """
    raised = kind("enough")

    def tell(done: int, _total: int, _path: Path) -> None:
        if done == 3:
            raise raised

    gallery = Gallery()
    with pytest.raises(kind) as caught:
        gallery.ask(colour, upload(made(tmp_path / "many", *MANY), max_workers=2, progress=tell))

    assert raised is caught.value
    assert len(gallery.signed) < 60
    assert [] == uploading_threads()


def uploading_threads() -> list[str]:
    """The threads of uploads that are still there."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("failwell-batch")]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when an upload has seen that it is interrupted."""
    seen = threading.Event()
    interrupt = BatchQueue.interrupt

    def noted(tally: BatchQueue[Any], problem: BaseException) -> None:
        interrupt(tally, problem)
        seen.set()

    monkeypatch.setattr(BatchQueue, "interrupt", noted)
    return seen


def press_ctrl_c() -> None:
    """What the terminal does: the signal goes to the main thread."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@every_colour
def test_ctrl_c(tmp_path: Path, colour: str, interrupted: threading.Event) -> None:
    """
    R12. Ctrl-C ends the upload: nothing more is started, no thread is left, and KeyboardInterrupt leaves as it is.
    """

    def press(step: str, name: str) -> None:
        if step == "put" and name == "002.png":
            press_ctrl_c()
            if colour == "blocking":
                assert interrupted.wait(10)

    gallery = Gallery(trouble=press)
    with pytest.raises(KeyboardInterrupt) as caught:
        gallery.ask(colour, upload(made(tmp_path / "many", *MANY), max_workers=1))

    assert (KeyboardInterrupt, ["000.png", "001.png", "002.png"]) == (type(caught.value), gallery.signed[:3])
    # asyncio hears of a signal when its loop comes round.
    assert len(gallery.steps) == 8 or (colour == "asyncio" and len(gallery.steps) < 15)
    report = UploadReport.of(caught.value)
    assert report is not None
    done = names(report.uploaded)
    assert (["000.png", "001.png"], 60, {}) == (done[:2], len(done) + len(report.remaining), report.failed)
    assert {name for _, name in gallery.places_taken} == {*done}
    assert [] == uploading_threads()


def test_ctrl_c_while_a_thread_waits(tmp_path: Path, interrupted: threading.Event) -> None:
    """
    R12. Ctrl-C while an upload waits for its next try ends that wait; the try is not made.
    """

    class Pressing(VirtualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.waits()) == 3:
                press_ctrl_c()
                assert interrupted.wait(10)

    class Busy(Gallery):
        def _answered(self, request: Any, content: bytes) -> Any:
            answered = super()._answered(request, content)
            answered.headers["Retry-After"] = "100"
            return answered

    gallery = Busy(trouble=refuse(429))
    clock = Pressing()
    with pytest.raises(KeyboardInterrupt):
        gallery.ask("blocking", upload(made(tmp_path / "one", "a.png")), clock=clock)

    assert ([0.5, 0.5, 0.5], ["a.png"]) == (clock.waits(), gallery.signed)
    assert [] == uploading_threads()


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_cancelled(colour: str, tmp_path: Path) -> None:
    """
    R12. A cancelled upload starts nothing more, and the cancellation leaves as it is.
    """
    folder = made(tmp_path / "many", *MANY)
    gallery = Gallery()
    cancelled: list[BaseException] = []

    async def cancel_in_the_middle(client: Any) -> bool:
        with anyio.CancelScope() as scope:

            def tell(done: int, _total: int, _path: Path) -> None:
                if done == 3:
                    scope.cancel()

            try:
                await upload_folder(client, "ds", folder, max_workers=2, progress=tell)
            except BaseException as problem:
                cancelled.append(problem)
                raise
        return scope.cancelled_caught

    def ask(client: Any) -> Any:
        return cancel_in_the_middle(client)

    assert gallery.ask(colour, ask)
    assert ([False], True) == ([isinstance(each, BaseExceptionGroup) for each in cancelled], len(gallery.signed) < 12)


@every_colour
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_workers": 0}, "max_workers is 0; it must be a whole number from 1."),
        ({"max_workers": True}, "max_workers is True; it must be a whole number from 1."),
        ({"max_workers": 2.0}, "max_workers is 2.0; it must be a whole number from 1."),
        ({"progress": True}, "progress is True; it must be a function, False or None."),
        ({"progress": "bar"}, "progress is 'bar'; it must be a function, False or None."),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], said: str, folder: Path, colour: str) -> None:
    """
    A setting that makes no sense is refused before any request.
    """
    gallery = Gallery()
    with pytest.raises(ConfigurationError) as caught:
        gallery.ask(colour, upload(folder, **settings))

    assert (said, []) == (str(caught.value), gallery.steps)


@every_colour
def test_trouble_is_waited_out(folder: Path, colour: str) -> None:
    """
    An upload retries as a single one does, and no wait is shorter for being taken in slices.
    """
    failures = {"b.jpg": 2}

    def down(step: str, name: str) -> tuple[int, Any] | None:
        if step == "sign" and failures.get(name, 0):
            failures[name] -= 1
            return 503, {}
        return None

    gallery = Gallery(trouble=down)
    report = gallery.ask(colour, upload(folder))

    assert 3 == len(report.uploaded)
    assert 3.0 == pytest.approx(sum(gallery.clock.waits()), rel=0.25)


class LoopClock(SystemClock):
    """The time of the event loop, which a test may let jump."""

    def now(self) -> float:
        return float(trio.current_time())

    def wall(self) -> float:
        return 1_790_000_000.0 + self.now()

    async def asleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class Metered(Gallery):
    """A gallery whose API allows a burst of 20 calls, and then one a second, as the free tier does."""

    def __init__(self, clock: Any) -> None:
        super().__init__(trouble=self._metered)
        self.metering = clock
        self.refused = 0
        self.bucket = Buckets(60, 60, 20)

    def _metered(self, step: str, _name: str) -> tuple[int, Any] | None:
        if step == "put" or self.bucket.take("key", self.metering.now()):
            return None
        self.refused += 1
        return 429, {"detail": "Slow down."}

    def _answered(self, request: Any, content: bytes) -> Any:
        answered = super()._answered(request, content)
        if answered.status_code == 429:
            answered.headers["Retry-After"] = str(self.bucket.wait("key", self.metering.now()))
        return answered


@pytest.mark.parametrize("workers", [2, 8])
def test_small_bursts(workers: int, tmp_path: Path) -> None:
    """
    On a tier with a burst of 20 no file fails, however many are uploaded at a time: they wait for each other.

    It takes hardly longer than the rate allows.
    """
    clock = LoopClock()
    gallery = Metered(clock)
    folder = made(tmp_path / "many", *MANY)

    async def run_it() -> tuple[UploadReport, float]:
        started = clock.now()
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(gallery.awaited)) as own:
            client = AsyncClient(
                "pk_test", base_url="http://pictograph.test", http_client=own, clock=clock, timeout=None
            )
            report = await upload_folder(client, "ds", folder, max_workers=workers, progress=False)
        return report, clock.now() - started

    jumping = trio.testing.MockClock(autojump_threshold=0.002)
    report, seconds = anyio.run(run_it, backend="trio", backend_options={"clock": jumping})

    assert ({}, 60, ()) == (report.failed, len(report.uploaded), report.remaining)
    assert 100 <= seconds <= 130  # 120 calls, of which 20 come at once


@every_colour
def test_small_bursts_in_every_colour(tmp_path: Path, colour: str) -> None:
    """
    The same blocking, and on each event loop.
    """
    gallery = Metered(None)
    gallery.metering = gallery.clock
    report = gallery.ask(colour, upload(made(tmp_path / "many", *MANY)))

    assert ({}, 60) == (report.failed, len(report.uploaded))


@every_colour
def test_longer_waits_than_any(tmp_path: Path, colour: str) -> None:
    """
    When the API asks for a longer wait than is ever waited, the upload ends, and the rest remains.
    """

    class Shut(Metered):
        def _answered(self, request: Any, content: bytes) -> Any:
            answered = super()._answered(request, content)
            if answered.status_code == 429:
                answered.headers["Retry-After"] = "300"
            return answered

    gallery = Shut(None)
    gallery.metering = gallery.clock
    with pytest.raises(RateLimitError) as caught:
        gallery.ask(colour, upload(made(tmp_path / "many", *MANY), max_workers=1))
    report = UploadReport.of(caught.value)
    assert report is not None

    assert (300, 10, 50, {}) == (
        caught.value.retry_after,
        len(report.uploaded),
        len(report.remaining),
        report.failed,
    )


SCRIPT = """
import sys
import httpx2
from pictograph import Client, upload_folder
from tests.pictograph.gallery import Gallery

if sys.argv[2] == "without rich":
    sys.modules["rich"] = None
own = httpx2.Client(transport=httpx2.MockTransport(Gallery().blocking))
with own, Client("pk_test", base_url="http://pictograph.test", http_client=own) as client:
    print(len(upload_folder(client, "ds", sys.argv[1]).uploaded))
"""


def shown_on(error: Any, folder: Path, how: str = "") -> subprocess.Popen[str]:
    """A program that uploads *folder*, with *error* as its stderr."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), how],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=error,
        text=True,
    )


@pytest.mark.parametrize(("how", "bar"), [("", True), ("without rich", False)])
def test_bar_on_a_terminal(how: str, bar: bool, folder: Path) -> None:
    """
    On a terminal there is a bar, if rich is there.
    """
    ours, theirs = os.openpty()
    with shown_on(theirs, folder, how) as program:
        out, _ = program.communicate(timeout=60)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while chunk := os.read(ours, 65_536):
            shown += chunk
    os.close(ours)

    assert ("3\n", 0) == (out, program.returncode)
    assert (bar, bar) == (b"Uploading to ds" in shown, b"3/3" in shown)


def test_no_bar_elsewhere(folder: Path) -> None:
    """
    In a pipe there is nothing but what the program prints itself.
    """
    with shown_on(subprocess.PIPE, folder) as program:
        out, err = program.communicate(timeout=60)

    assert ("3\n", "", 0) == (out, err, program.returncode)


def test_lazy() -> None:
    """
    The names are importable from `pictograph`, and load nothing before they are used.
    """
    script = "import sys, pictograph; assert 'pictograph.uploads' not in sys.modules; pictograph.upload_folder"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)

    assert {"UploadReport", "upload_folder"} <= {*pictograph.__all__}
    assert {"UploadReport", "upload_folder"} <= {*dir(pictograph)}
