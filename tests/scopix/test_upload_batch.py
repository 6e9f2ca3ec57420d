from __future__ import annotations

import os
import pickle
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from failwell.policy import Remaining
from failwell.testing import Asked
from scopix import (
    AuthenticationError,
    BatchUploadResults,
    CircuitBreakerError,
    DescriptionError,
    PaymentRequiredError,
    QuotaExceededError,
    RateLimitError,
    Scopix,
    ScopixConnectionError,
    ScopixError,
    ScopixPermissionError,
    ScopixSync,
    ServerError,
    UploadError,
)
from scopix.uploads.sources import Source

from .talk import Store, Talk, file
from .video_server import taking_videos

Talking = Callable[..., Talk]
NO_IMAGE = UploadError("This is no image.", stage="upload").with_case("IMAGE_PROCESSING_ERROR")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of images, with other things in it."""
    for name in ("b.png", "a.jpg", "notes.txt", "sub/c.png", "sub/deep/d.webp"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "pictures"


def uploading(what: Any, **settings: Any) -> Callable[[Any], Any]:
    """A call that uploads *what*, silently."""
    return lambda client: client.files.upload_batch(what, **{"progress": False, **settings})


def names(results: BatchUploadResults) -> list[str]:
    """What the files are called there."""
    return [each.filename for each in results]


def test_one_file(talk: Talking, pictures: Path) -> None:
    """
    A path is one file: its bytes arrive under its name, and the result is what it became.
    """
    store = Store()
    talking = talk(then=store)
    results = talking.ask(uploading(str(pictures / "b.png")))

    assert ["POST /uploads", "PUT /uploads/up_1/files"] == talking.asked
    session, put = talking.sent.requests
    assert {"files": 1, "describe": True} == session.json
    assert (b"b.png", "image/png", "5") == (put.content, put.headers["content-type"], put.headers["content-length"])
    assert all(talking.keys)
    assert ("up_1", ["b.png"], "img_1") == (results.session_id, names(results), results[0].file.id)
    assert ("pending", None, "pending", None) == (
        results.description_status,
        results.description_error,
        results[0].description_status,
        results[0].description_error,
    )
    assert results is results.raise_on_failures()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (lambda folder: [folder / "b.png", str(folder / "a.jpg")], ["b.png", "a.jpg"]),
        (lambda folder: (folder / "b.png", folder / "a.jpg"), ["b.png", "a.jpg"]),
        (lambda folder: (each for each in [folder / "b.png"]), ["b.png"]),
        (lambda folder: folder, ["a.jpg", "b.png", "sub/c.png", "sub/deep/d.webp"]),
        (str, ["a.jpg", "b.png", "sub/c.png", "sub/deep/d.webp"]),
        (lambda folder: [folder / "sub", folder / "b.png"], ["c.png", "deep/d.webp", "b.png"]),
        (lambda _folder: b"bytes", ["file-1"]),
        (lambda _folder: [b"bytes", bytearray(b"more"), ("cat.png", b"named")], ["file-1", "file-2", "cat.png"]),
        (lambda _folder: ("cat.png", b"named"), ["cat.png"]),
        (lambda folder: [Remaining(7, Source("x.png", folder / "b.png"))], ["x.png"]),
    ],
    ids=[
        "list",
        "tuple",
        "generator",
        "folder",
        "name of a folder",
        "folder in a list",
        "bytes",
        "named",
        "one named",
        "remaining",
    ],
)
def test_many(talk: Talking, pictures: Path, what: Callable[[Path], Any], expected: list[str]) -> None:
    """
    Many paths, bytes with or without a name, and folders are uploaded in one session; the results are in their order.
    """
    store = Store()
    results = talk(then=store).ask(uploading(what(pictures)))

    assert (expected, sorted(expected), 1) == (names(results), sorted(store.sizes), store.sessions)
    assert [*range(len(expected))] == [each.index for each in results] == [*results.uploaded]
    assert {} == results.failures


def test_what_is_no_image_in_a_folder_is_ignored(talk: Talking, pictures: Path) -> None:
    """
    Of a folder the images are uploaded; the rest is named. Without `recursive` only those at its top.
    """
    results = talk(then=Store()).ask(uploading(pictures, recursive=False, describe=False))

    assert (["a.jpg", "b.png"], ["notes.txt"]) == (names(results), [each.name for each in results.ignored])


@pytest.mark.parametrize("what", [[], (), iter(())], ids=["list", "tuple", "iterator"])
def test_empty(talk: Talking, what: Any) -> None:
    """
    An empty batch sends nothing, and has no failures.
    """
    talking = talk()
    results = talking.ask(uploading(what))

    assert ([], [], None, None) == (talking.asked, [*results], results.session_id, results.description_status)
    assert results is results.raise_on_failures()


def test_empty_folder(talk: Talking, tmp_path: Path) -> None:
    """
    Nor does a folder without images.
    """
    talking = talk()
    assert ([], []) == ([*talking.ask(uploading(tmp_path))], talking.asked)


@pytest.mark.parametrize(
    "what",
    [7, None, [7], [None], object(), {"a.png": b"a"}],
    ids=["a number", "nothing", "a list of a number", "a list of nothing", "an object", "a mapping"],
)
def test_what_cannot_be_uploaded(talk: Talking, what: Any) -> None:
    """
    What is no file is a TypeError, before anything is sent.
    """
    talking = talk()
    with pytest.raises(TypeError, match=r"cannot be uploaded\. Pass a path, or its bytes"):
        talking.ask(uploading(what))

    assert [] == talking.asked


@pytest.mark.parametrize("settings", [{"max_workers": 0}, {"max_workers": True}, {"progress": 7}], ids=repr)
def test_settings_that_cannot_work(talk: Talking, pictures: Path, settings: dict[str, Any]) -> None:
    """
    A number of workers or a progress that makes no sense is refused, before anything is sent.
    """
    talking = talk()
    with pytest.raises(ScopixError, match="must be"):
        talking.ask(uploading(pictures, **settings))

    assert [] == talking.asked


@pytest.mark.parametrize("kind", ["missing", "unreadable", "fifo", "out of reach"])
def test_one_file_that_cannot_be_read(
    talk: Talking, pictures: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A missing or unreadable file is an UploadError with its name and the stage, before anything is sent.
    """
    path = pictures / "b.png"
    if kind == "missing":
        path.unlink()
    elif kind == "out of reach":
        path = pictures / ("x" * 300) / "b.png"  # not even whether it is a folder can be asked
    elif kind == "fifo":
        path.unlink()
        os.mkfifo(path)
    else:
        monkeypatch.setattr(Path, "open", lambda *_args, **_more: (_ for _ in ()).throw(PermissionError(13, "No")))
    talking = talk()
    with pytest.raises(UploadError, match=r"b\.png could not be read") as caught:
        talking.ask(uploading(path))

    error = caught.value
    assert [] == talking.asked
    assert ("UPLOAD_ERROR", "b.png", "read", None) == (error.code, error.filename, error.stage, error.known_status)
    assert {"filename": "b.png", "stage": "read"} == error.details
    assert isinstance(error.__cause__, OSError)


def test_missing_among_many(talk: Talking, pictures: Path) -> None:
    """
    Among many it is the error of that file alone, and `raise_on_failures` tells of it.
    """
    gone = pictures / "gone.png"
    results = talk(then=Store()).ask(uploading([pictures / "b.png", gone, pictures / "a.jpg"]))

    assert ([0, 2], [1], ()) == ([*results.uploaded], [*results.failures], results.not_tried)
    error = results[1].error
    assert (UploadError, "gone.png", "read", "up_1") == (type(error), error.filename, error.stage, error.session_id)
    with pytest.raises(UploadError) as caught:
        results.raise_on_failures()
    assert "1 of 3 files failed; item 1: UploadError: gone.png could not be read: No such file or directory" == str(
        caught.value
    )
    assert results is caught.value.partial_results


@pytest.mark.parametrize("closed", ["sub", "pictures"])
def test_folders_that_cannot_be_read(
    talk: Talking, pictures: Path, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A folder below that may not be read is told beside what was uploaded; one that was given is an UploadError.
    """
    real = os.scandir

    def refused(path: Any) -> Any:
        if Path(path).name == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refused)
    talking = talk(then=Store()) if closed == "sub" else talk()
    if closed == "sub":
        results = talking.ask(uploading(pictures))
        assert ["a.jpg", "b.png"] == names(results)
        upload: Callable[[], Any] = results.raise_on_failures
    else:
        upload = lambda: talking.ask(uploading(pictures))  # noqa: E731 - one of two ways to the same error
    with pytest.raises(UploadError, match=f"{closed} could not be read: Permission denied") as caught:
        upload()

    assert ("read", [pictures / "sub" if closed == "sub" else pictures]) == (
        caught.value.stage,
        [*caught.value.partial_results.unreadable],
    )


ENDS_ALL = [
    (AuthenticationError("The API key is unknown."), {}),
    (ScopixPermissionError("No scope."), {}),
    (PaymentRequiredError("Past due."), {}),
    (QuotaExceededError("No storage is left.", available=3, limit=10), {"available": 3, "limit": 10}),
]


@pytest.mark.parametrize(("error", "details"), ENDS_ALL, ids=[type(each).__name__ for each, _ in ENDS_ALL])
@pytest.mark.parametrize("alone", [True, False], ids=["one", "many"])
def test_what_ends_the_whole(
    talk: Talking, pictures: Path, error: ScopixError, details: dict[str, Any], *, alone: bool
) -> None:
    """
    What every file would meet is raised directly, of one file and of many; what was done by then is on it.
    """
    store = Store(lambda name: error if name == "b.png" else None)
    what = pictures / "b.png" if alone else [pictures / "a.jpg", pictures / "b.png", pictures / "sub/c.png"]
    with pytest.raises(type(error)) as caught:
        talk(then=store).ask(uploading(what, max_workers=1))

    met: Any = caught.value
    assert (error.message, details) == (met.message, {name: met.details[name] for name in details})
    results = BatchUploadResults.of(met)
    assert results is not None
    assert results is met.partial_results
    assert ({}, [0]) if alone else ([0], [1]) == ([*results.uploaded], [*results.failures])
    if not alone:
        assert ([1, 2], (2,)) == ([each.index for each in results.remaining], results.not_tried)
        assert any("1 uploaded, 1 failed, 1 not tried" in note for note in met.__notes__)
    again = pickle.loads(pickle.dumps(met))  # noqa: S301 - our own bytes
    assert [*results.uploaded] == [*again.partial_results.uploaded]


@pytest.mark.parametrize("error", [each for each, _ in ENDS_ALL], ids=lambda each: type(each).__name__)
def test_no_session(talk: Talking, pictures: Path, error: ScopixError) -> None:
    """
    So is what the session itself is refused with.
    """
    talking = talk(error)
    with pytest.raises(type(error)):
        talking.ask(uploading(pictures))

    assert ["POST /uploads"] == talking.asked


def test_rate_limit_is_waited_for_and_raised(talk: Talking, pictures: Path) -> None:
    """
    A rate limit is waited for, as the page has it; one that lasts is raised with what the server says.
    """
    limited = RateLimitError("Slow down.", retry_after=7, limit=100, remaining=0, reset=1_700_000_000)
    store = Store()
    talking = talk(limited, then=store)
    results = talking.ask(uploading(pictures / "b.png"))
    assert (["b.png"], True) == (names(results), 7.0 <= talking.sent.waits[0] < 9.0)

    with pytest.raises(RateLimitError) as caught:
        talk(then=limited).ask(uploading(pictures / "b.png"), max_retries=0)
    error = caught.value
    assert (7, 100, 0, 1_700_000_000) == (error.retry_after, error.limit, error.remaining, error.reset)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ServerError("It broke."), ServerError),
        ("network", ScopixConnectionError),
        (
            NO_IMAGE,
            UploadError,
        ),
        (UploadError("It is there already.").with_case("CONFLICT"), UploadError),
        (UploadError("1 GiB is too much.").with_case("HTTP_413"), UploadError),
    ],
    ids=["5xx", "network", "no image", "duplicate", "too large"],
)
def test_one_file_that_is_refused(talk: Talking, pictures: Path, error: Any, kind: type[ScopixError]) -> None:
    """
    The error of a single file is raised; an UploadError always names the file, the stage and the session.
    """
    with pytest.raises(kind) as caught:
        talk(then=Store(lambda _name: error)).ask(uploading(pictures / "b.png"), max_retries=0)

    met: Any = caught.value
    if kind is UploadError:
        assert ("b.png", "upload", "up_1") == (met.filename, met.stage, met.session_id)
        assert {"filename": "b.png", "stage": "upload"} == {name: met.details[name] for name in ("filename", "stage")}
    assert [0] == [*BatchUploadResults.of(met).failures]  # type: ignore[union-attr]


BAD = {index for index in range(1000) if index % 27 == 3}


def test_thousand_with_37_failures(talk: Talking, tmp_path: Path) -> None:
    """
    R14. Of 1,000 files with 37 failures 963 are uploaded, and one documented error tells of the others.

    It has the typed error of each by its index, and what is needed to upload only those, also after a pickle.
    """
    assert 37 == len(BAD)
    bad = {f"{index:04}.png" for index in BAD}
    store = Store(lambda name: NO_IMAGE if name in bad else None)
    what = [(f"{index:04}.png", b"%d" % index) for index in range(1000)]
    results = talk(then=store).ask(uploading(what))

    assert (963, BAD, ()) == (len(results.uploaded), {*results.failures}, results.not_tried)
    with pytest.raises(UploadError) as caught:
        results.raise_on_failures()
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert "37 of 1000 files failed; item 3: UploadError: This is no image." == str(error)
    assert ("0003.png", "upload", "up_1") == (error.filename, error.stage, error.session_id)
    assert (963, {UploadError}) == (
        len(error.partial_results.uploaded),
        {type(each) for each in error.partial_results.failures.values()},
    )

    store.trouble = lambda _name: None
    store.sizes.clear()
    talking = talk(then=store)
    whole = talking.ask(lambda client: client.files.retry_failed(error.partial_results, progress=False))

    assert (bad, 1) == ({*store.sizes}, store.sessions)
    assert {"PUT /uploads/up_1/files"} == {*talking.asked}
    assert (1000, {}, (), [*range(1000)]) == (
        len(whole.uploaded),
        whole.failures,
        whole.remaining,
        [each.index for each in whole],
    )
    assert whole is whole.raise_on_failures()


def test_failing_again(talk: Talking) -> None:
    """
    What fails again stays in its place, with what is needed for the next try; a file that may be there keeps its key.
    """
    store = Store(lambda name: "network" if name == "b.png" else None)
    first = talk(then=store).ask(uploading([("a.png", b"a"), ("b.png", b"b")]), max_retries=0)
    talking = talk(then=store)
    again = talking.ask(lambda client: client.files.retry_failed(first, progress=False), max_retries=0)

    assert ([0], [1], [1]) == ([*again.uploaded], [*again.failures], [each.index for each in again.remaining])
    assert first.remaining[0].idempotency_key == talking.keys[0] == again.remaining[0].idempotency_key
    assert first.remaining[0].idempotency_key is not None


def test_interrupted(talk: Talking) -> None:
    """
    Ctrl-C in the middle of a batch leaves as it is, and says what is uploaded.
    """

    def trouble(name: str) -> None:
        if name == "2.png":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        talk(then=Store(trouble)).ask(uploading([(f"{index}.png", b"x") for index in range(5)], max_workers=1))
    results = BatchUploadResults.of(caught.value)

    assert results is not None
    assert ("up_1", [0, 1], (2, 3, 4)) == (results.session_id, [*results.uploaded], results.not_tried)
    assert [2, 3, 4] == [each.index for each in results.remaining]
    assert None is BatchUploadResults.of(ValueError("x"))


def test_progress(talk: Talking) -> None:
    """
    `progress` is told of each file: how many are done, how many of these failed, and how many there are.
    """
    told: list[tuple[int, int, int]] = []
    store = Store(lambda name: NO_IMAGE if name == "1.png" else None)
    what = [(f"{index}.png", b"x") for index in range(3)]
    talk(then=store).ask(uploading(what, max_workers=1, progress=lambda *numbers: told.append(numbers)))

    assert [(1, 0, 3), (2, 1, 3), (3, 1, 3)] == told


def test_ten_thousand_files(talk: Talking, tmp_path: Path) -> None:
    """
    A folder with 10,000 files is uploaded with few under way at once, and in bounded memory.
    """
    for index in range(10_000):
        (tmp_path / f"{index:05}.png").write_bytes(b"x")
    before, most = set(threading.enumerate()), [0]

    def trouble(_name: str) -> None:
        most[0] = max(most[0], len(set(threading.enumerate()) - before))

    results = talk(then=Store(trouble)).ask(uploading(tmp_path, max_workers=4))

    assert (10_000, {}) == (len(results.uploaded), results.failures)
    assert most[0] <= 6


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_files_are_read_as_they_are_sent(tmp_path: Path, colour: str) -> None:
    """
    What is in memory of a batch is what is under way: it does not grow with the bytes of the files.
    """
    for index in range(60):
        with (tmp_path / f"{index}.png").open("wb") as opened:
            opened.truncate(1 << 20)
    with taking_videos() as server:
        uploaded_to(server.url, colour, tmp_path / "0.png")  # what is loaded with the first is not the others'
        tracemalloc.start()
        try:
            results = uploaded_to(server.url, colour, tmp_path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert (60, {}) == (len(results.uploaded), results.failures)
    assert peak < 8 << 20


def uploaded_to(url: str, colour: str, what: Path) -> Any:
    """The results of an upload over real sockets."""
    if colour == "blocking":
        with ScopixSync("sk_test", base_url=url) as client:
            return client.files.upload_batch(what, progress=False, max_workers=4)

    async def run() -> Any:
        async with Scopix("sk_test", base_url=url) as client:
            return await client.files.upload_batch(what, progress=False, max_workers=4)

    return anyio.run(run)


def test_descriptions(talk: Talking) -> None:
    """
    Descriptions run after the upload: a wait gives the same results with their end, and `raise_on_failures` tells.
    """
    failed = {"description_status": "failed", "description_error": {"code": "VLM_PROVIDER_ERROR", "message": "Down."}}
    described = {"description_status": "completed", "description": "A cat."}
    states = iter([{"description_status": "running"}, described])
    store = Store()

    def answer(asked: Asked) -> Any:
        if asked.method == "GET":
            now = next(states)
            store.files = [{**store.files[0], **now}, {**store.files[1], **failed}]
        return store(asked)

    def both(client: Any) -> Any:
        if talking.colour == "blocking":
            kept.append(client.files.upload_batch([("a.png", b"a"), ("b.png", b"b")], progress=False, max_workers=1))
            return client.files.wait_for_descriptions(kept[0])

        async def run() -> Any:
            kept.append(
                await client.files.upload_batch([("a.png", b"a"), ("b.png", b"b")], progress=False, max_workers=1)
            )
            return await client.files.wait_for_descriptions(kept[0])

        return run()

    kept: list[Any] = []
    talking = talk(then=answer)
    results = talking.ask(both)

    assert ([1.0], "pending") == (talking.sent.waits, kept[0].description_status)
    assert ("completed", "A cat.", "failed", "Down.") == (
        results[0].description_status,
        results[0].file.description,
        results[1].description_status,
        results[1].description_error.message,
    )
    assert ("failed", "VLM_PROVIDER_ERROR") == (results.description_status, results.description_error.code)
    with pytest.raises(DescriptionError, match=r"b\.png has no description: Down\.") as caught:
        results.raise_on_failures()
    assert ("img_2", "failed") == (caught.value.image_id, caught.value.status)
    assert (None, "VLM_PROVIDER_ERROR") == (caught.value.status_code, caught.value.body_code)
    assert {"image_id": "img_2", "status": "failed"} == caught.value.details


def test_descriptions_that_take_too_long(talk: Talking) -> None:
    """
    A wait that ends in time has the results so far.
    """
    from scopix import ScopixTimeoutError

    results = BatchUploadResults("up_1")
    talking = talk(then={"session_id": "up_1", "files": [file()]})
    with pytest.raises(ScopixTimeoutError, match='Upload up_1 is still "running" after 5 s') as caught:
        talking.ask(lambda client: client.files.wait_for_descriptions(results, timeout=5.0))

    assert (results, {"GET /uploads/up_1"}) == (caught.value.last_result, {*talking.asked})


def test_a_server_that_fails_for_a_moment(talk: Talking) -> None:
    """
    A moment of failures opens the circuit, and does not end a batch: its files wait until calls are let out again.
    """
    left = [5]

    def trouble(_name: str) -> int | None:
        left[0] -= 1
        return 503 if left[0] >= 0 else None

    talking = talk(then=Store(trouble))
    what = [(f"{index}.png", b"%d" % index) for index in range(50)]
    results = talking.ask(uploading(what), max_retries=5)

    assert (50, {}) == (len(results.uploaded), results.failures)
    assert sum(talking.sent.waits) >= 30.0


def test_a_server_that_stays_down(talk: Talking) -> None:
    """
    One that stays down ends it with a typed error, and with what is needed to go on later.
    """
    with pytest.raises(ScopixError) as caught:
        talk(then=Store(lambda _name: 503)).ask(uploading([(f"{index}.png", b"x") for index in range(500)]))

    assert isinstance(caught.value, ServerError | CircuitBreakerError)
    results = BatchUploadResults.of(caught.value)
    assert results is not None
    assert (0, 500) == (len(results.uploaded), len(results.remaining))
