from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pictograph.exceptions import ConflictError, ForbiddenError, NotFoundError, ValidationError
from pictograph_server import Settings, Store
from tests.idle_jobs import IdleJobs

from .api import Api, MovableClock
from .idle_jobs import idle
from .job_data import circle, drive_import, put, zipped
from .test_recorded_wire import answers

MISSING = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"
RECORDED = {
    "import_id": "imp_1",
    "status": "processing",
    "progress": 0.0,
    "total_images": 0,
    "imported_images": 0,
    "failed_images": 0,
    "current_dataset": "",
    "datasets": [{"name": "n", "status": "pending", "imported": 0, "failed": 0}],
}
SECRET = "the-key-of-the-other-provider"


@pytest.fixture
def root(store: Store) -> Path:
    """The import root, with a folder and an archive."""
    root = store.folder.path / "imports"
    put(root / "shapes", {"a.png": circle(), "b/c.png": circle(), ".hidden": b"x"})
    put(root, {"shapes.zip": zipped({"a.png": circle()})})
    return root


@pytest.fixture
def api(root: Path, serve: Callable[[Settings], Api]) -> Api:
    """A server with an import root."""
    assert root.is_dir()
    return serve(Settings())


@pytest.fixture
def jobs(api: Api) -> Iterator[IdleJobs]:
    """The jobs of the server, which nobody does."""
    with idle(api) as jobs:
        yield jobs


def start(api: Api, source: Any = "shapes", name: Any = "n", provider: Any = "folder", **more: Any) -> Any:
    """An import of *source* as the dataset *name*."""
    body = {"provider": provider, "api_key": SECRET, "datasets": [{"id": source, "name": name}], **more}
    return api.post("/connectors/import/start", body)


def test_what_the_published_client_sends(api: Api, jobs: IdleJobs, clock: MovableClock) -> None:
    """
    Start, look and cancel as the published client does are answered with all that it needs.
    """
    dataset = {"id": "shapes", "name": "n", "slug": "s", "image_count": 0, "version": None}
    body = {"provider": "folder", "api_key": "k", "datasets": [dataset]}

    started = api.post("/connectors/import/start", body)
    seen = api.get(f"/connectors/import/status/{started['import_id']}")
    done = drive_import(api.store, clock, started["import_id"])
    status, cancelled = api.send("POST", f"/connectors/import/cancel/{started['import_id']}")

    assert all(answers(answer, RECORDED) for answer in (started, seen, cancelled))
    assert (started, 1, "completed", 200, "completed") == (seen, jobs.nudges, done.status, status, cancelled["status"])


def test_validate(api: Api, root: Path) -> None:
    """
    `validate` lists the folders, or the archives, in the import root, and says which of them cannot be imported.
    """
    put(root, {"broken.zip": b"no archive", "notes.txt": b"x", ".tmp/x.png": b"x"})
    (root / "out").symlink_to(root.parent)

    folders = api.post("/connectors/validate", {"provider": "folder", "api_key": SECRET})
    archives = api.post("/connectors/validate", {"provider": "zip"})

    shapes = {"id": "shapes", "name": "shapes", "slug": "shapes", "image_count": 2, "version": None}
    packed = {"id": "shapes.zip", "name": "shapes", "slug": "shapes.zip", "image_count": 1, "version": None}
    assert (True, [shapes], "1 cannot be imported: out") == _validation(folders)
    assert (True, [packed], "1 cannot be imported: broken.zip") == _validation(archives)


def test_validate_without_root(serve: Callable[[Settings], Api], tmp_path: Path) -> None:
    """
    Without an import root nothing is valid, the reason names no path, and a start is a NotFoundError.
    """
    api = serve(Settings(import_root=str(tmp_path / "nowhere")))

    found = api.post("/connectors/validate", {"provider": "folder"})

    reason = "This server has nothing to import: its import root does not exist. Ask its operator to make it."
    assert (False, [], reason) == _validation(found)
    with pytest.raises(NotFoundError, match="import root does not exist"):
        start(api)


def test_own_root(serve: Callable[[Settings], Api], tmp_path: Path) -> None:
    """
    `import_root` names another folder than the one in the data folder.
    """
    put(tmp_path / "elsewhere", {"things/x.png": circle()})
    api = serve(Settings(import_root=str(tmp_path / "elsewhere")))

    found = api.post("/connectors/validate", {"provider": "folder"})

    assert ["things"] == [entry["id"] for entry in found["datasets"]]


@pytest.mark.parametrize("provider", ["roboflow", "v7", "", None, "Folder"])
@pytest.mark.usefixtures("jobs")
def test_other_providers(api: Api, provider: Any) -> None:
    """
    Any other provider is a ValidationError that names the two there are.
    """
    body = {"provider": provider, "api_key": "k"}
    for path, more in (("validate", {}), ("import/start", {"datasets": [{"id": "shapes", "name": "n"}]})):
        with pytest.raises(ValidationError, match="'folder' or 'zip'") as caught:
            api.post(f"/connectors/{path}", body | more)
        assert [["body", "provider"]] == [entry["loc"] for entry in caught.value.errors]


@pytest.mark.parametrize(
    "source", ["..", "../data", "shapes/../../files", "/", "", "a\\b", "shapes\x00", "./shapes", "\udcff", 5, "x" * 501]
)
@pytest.mark.usefixtures("jobs")
def test_sources_that_cannot_be(api: Api, source: Any) -> None:
    """
    A source whose name would lead out of the import root is a ValidationError about `id`.
    """
    with pytest.raises(ValidationError) as caught:
        start(api, source)

    assert [["body", "datasets", 0, "id"]] == [entry["loc"] for entry in caught.value.errors]


@pytest.mark.parametrize(
    ("source", "provider"),
    [
        ("no", "folder"),
        ("shapes.zip", "folder"),
        ("shapes", "zip"),
        ("out", "folder"),
        ("out/files", "folder"),
        ("circle", "folder"),
        ("shapes/a.png/x", "folder"),
        ("etc/passwd", "zip"),
        ("/etc", "folder"),
    ],
)
@pytest.mark.usefixtures("jobs")
def test_sources_that_are_not_there(api: Api, root: Path, source: str, provider: str) -> None:
    """
    A source that is missing, of the other kind, or a link out of the root is a NotFoundError, all with the same words.
    """
    (root / "out").symlink_to(root.parent)
    (root / "circle").symlink_to("circle")

    with pytest.raises(NotFoundError) as caught:
        start(api, source, provider=provider)

    name = source.removeprefix("/")
    expected = f'There is no {provider} "{name}" to import. Verify with `connectors.validate`.'
    assert expected == caught.value.message


@pytest.mark.usefixtures("jobs")
def test_link_inside(api: Api, root: Path, clock: MovableClock) -> None:
    """
    A link to another folder below the import root is a source like any other.
    """
    (root / "link").symlink_to(root / "shapes")

    assert 2 == drive_import(api.store, clock, start(api, "link")["import_id"]).imported_images


@pytest.mark.usefixtures("jobs")
def test_taken_name(api: Api) -> None:
    """
    A dataset of that name, and an import that is making one, are a ConflictError with the code duplicate_name.
    """
    api.post("/datasets/", {"name": "taken"})
    first = start(api)

    for name, reason in (("taken", 'dataset named "taken" exists'), ("n", "Wait for it, or take another name")):
        with pytest.raises(ConflictError, match=reason) as caught:
            start(api, name=name)
        assert "duplicate_name" == caught.value.error_code

    api.send("POST", f"/connectors/import/cancel/{first['import_id']}")
    assert "processing" == start(api)["status"]
    assert "processing" == start(api.as_("globex"), name="taken")["status"]


def test_same_name_twice(api: Api, jobs: IdleJobs) -> None:
    """
    Two datasets of one name in one import are a ValidationError about the second.
    """
    datasets = [{"id": "shapes", "name": "n"}, {"id": "shapes/b", "name": "n"}]

    with pytest.raises(ValidationError) as caught:
        start(api, datasets=datasets)

    assert [(["body", "datasets", 1, "name"], "duplicate_name", 0)] == [
        (entry["loc"], entry["type"], jobs.nudges) for entry in caught.value.errors
    ]


@pytest.mark.parametrize(
    "datasets", [[], [{"id": "shapes", "name": "n"}] * 101, [{"id": "shapes"}], [{"name": "n"}], None]
)
@pytest.mark.usefixtures("jobs")
def test_malformed(api: Api, datasets: Any) -> None:
    """
    No dataset, too many, and one without name or source are a ValidationError.
    """
    with pytest.raises(ValidationError) as caught:
        start(api, datasets=datasets)

    assert ["body", "datasets"] == caught.value.errors[0]["loc"][:2]


@pytest.mark.usefixtures("jobs")
def test_key_is_not_kept(api: Api, clock: MovableClock, caplog: pytest.LogCaptureFixture) -> None:
    """
    The other provider's key is in no answer, no error, no log and no file.
    """
    with caplog.at_level(logging.DEBUG):
        import_id = start(api)["import_id"]
        drive_import(api.store, clock, import_id)
        answer = api.get(f"/connectors/import/status/{import_id}")
        with pytest.raises(ValidationError) as caught:
            start(api, provider="v7", api_key=[SECRET])
    api.store.close()

    assert SECRET not in str(answer) + str(caught.value) + repr(caught.value.errors) + caplog.text
    kept = [path for path in api.store.folder.path.rglob("*") if path.is_file()]
    assert [] == [path for path in kept if SECRET.encode() in path.read_bytes()]
    assert any(path.name == "pictograph.db" for path in kept)


@pytest.mark.usefixtures("jobs")
def test_viewer(api: Api) -> None:
    """
    A viewer may look at an import, and neither start nor cancel one.
    """
    job = start(api)
    viewer = api.as_("acme", "viewer")

    assert job == viewer.get(f"/connectors/import/status/{job['import_id']}")
    for path in ("start", f"cancel/{job['import_id']}"):
        with pytest.raises(ForbiddenError):
            viewer.post(f"/connectors/import/{path}", {})


def test_foreign_is_missing(api: Api, clock: MovableClock) -> None:
    """
    Somebody else's import answers like one that does not exist, by the same statements, and is not cancelled.
    """
    with idle(api):
        import_id = start(api)["import_id"]
    seen: list[str] = []
    store = Store(api.store.folder.path, trace=seen.append)
    stranger = Api(store, clock, Settings()).as_("globex")
    told: dict[str, list[str]] = {}

    for wanted in (import_id, MISSING, "imp_1"):
        seen.clear()
        messages = []
        for method, path in (("GET", f"status/{wanted}"), ("POST", f"cancel/{wanted}")):
            with pytest.raises(NotFoundError) as caught:
                stranger.send(method, f"/connectors/import/{path}")
            messages.append(caught.value.message)
        told[wanted] = [text.replace(wanted, "ID") for text in (*messages, *seen)]
    store.close()

    assert told[import_id] == told[MISSING] == told["imp_1"]
    assert 'There is no import "ID". Verify the id that starting it returned.' == told[import_id][0]
    # The stranger's server has its worker, which may have done it by now.
    assert api.get(f"/connectors/import/status/{import_id}")["status"] in {"processing", "completed"}


def _validation(answer: Any) -> tuple[Any, ...]:
    return answer["valid"], answer["datasets"], answer["error"]
