from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pictograph_server import Settings, Store, seed

from .api import Api, MovableClock
from .idle_jobs import idle
from .job_data import drive_batch, drive_import


@pytest.fixture
def seeded(store: Store, clock: MovableClock, serve: Callable[[Settings], Api]) -> Api:
    """A server with the demo content."""
    seed(store, clock=clock)
    return serve(Settings())


@pytest.mark.parametrize(("name", "first"), [("circle", "circle-1.png"), ("square", "square-1.png")])
def test_annotates(seeded: Api, clock: MovableClock, name: str, first: str) -> None:
    """
    The demo classes have colours: a batch finds each shape at the place where the demo annotations have it.
    """
    with idle(seeded):
        body = {"dataset_name": "ds", "image_filenames": [first], "classes": [{"name": name, "output_type": "bbox"}]}
        job = seeded.post("/auto-annotate/batch", body)

    assert "completed" == drive_batch(seeded.store, clock, job["job_id"]).status
    drawn, found = seeded.get(f"/annotations/ds/{first}")["annotations"]
    assert (drawn["name"], drawn["bounding_box"]) == (found["name"], found["bounding_box"])


@pytest.mark.parametrize(("provider", "source"), [("folder", "shapes"), ("zip", "shapes.zip")])
def test_imports(seeded: Api, clock: MovableClock, provider: str, source: str) -> None:
    """
    The demo folder and the demo archive are listed, and each is imported whole.
    """
    listed = seeded.post("/connectors/validate", {"provider": provider})["datasets"]
    datasets = [{"id": source, "name": "imported"}]
    with idle(seeded):
        job = seeded.post("/connectors/import/start", {"provider": provider, "datasets": datasets})

    ended = drive_import(seeded.store, clock, job["import_id"])

    assert [(source, 8)] == [(entry["id"], entry["image_count"]) for entry in listed]
    assert ("completed", 8, 0) == (ended.status, ended.imported_images, ended.failed_images)
    images: list[Any] = seeded.get("/images/?dataset=imported")["data"]
    assert {"/circles", "/squares"} == {image["directory_path"] for image in images}


def test_left_as_they_are(store: Store, clock: MovableClock) -> None:
    """
    What has the name of a demo source is left as it is, and no part of one is left over.
    """
    root = store.folder.path / "imports"
    (root / "shapes").mkdir(parents=True)
    (root / "shapes.zip").write_bytes(b"mine")

    seed(store, clock=clock)

    assert ["shapes", "shapes.zip"] == sorted(path.name for path in root.iterdir())
    assert ([], b"mine") == (list((root / "shapes").iterdir()), (root / "shapes.zip").read_bytes())


def test_own_root(store: Store, clock: MovableClock, tmp_path: Path) -> None:
    """
    The demo sources go where the server imports from.
    """
    root = tmp_path / "deep" / "elsewhere"

    seed(store, clock=clock, settings=Settings(import_root=str(root)))

    assert ["shapes", "shapes.zip"] == sorted(path.name for path in root.iterdir())
    assert not (store.folder.path / "imports").exists()
