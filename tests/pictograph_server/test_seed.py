from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from failwell.server.storage.data_folder import DataFolder
from pictograph_server import Settings, Store, credit_balance, seed
from pictograph_server.demo_content import TENANTS

from .api import Api, MovableClock, picture


@pytest.fixture
def seeded(store: Store, clock: MovableClock, serve: Callable[[Settings], Api]) -> Api:
    """A server with the demo content."""
    seed(store, clock=clock)
    return serve(Settings())


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_content(seeded: Api, tenant: str) -> None:
    """
    Each tenant has credits, a dataset "ds" with eight annotated pictures of two classes, and an export "exp" of them.
    """
    api = seeded.as_(tenant)

    dataset = api.get("/datasets/ds")["data"]
    export = api.get("/exports/exp?dataset=ds")["data"]

    assert (8, 8, ["circle", "square"]) == (
        dataset["image_count"],
        dataset["completed_image_count"],
        [entry["name"] for entry in dataset["classes"]],
    )
    assert (8, 8) == (export["image_count"], export["annotation_count"])
    assert 1000 == credit_balance(api.store, tenant)


def test_trains(seeded: Api) -> None:
    """
    A run on the demo export is completed, with a model that has learned both classes.
    """
    run = seeded.ended(seeded.train())

    assert ("completed", 1.0) == (run["status"], run["metrics"]["validation_accuracy"])
    assert {"classes": ["circle", "square"]} == seeded.get(f"/models/{run['model_id']}")["data"]["class_mapping"]


def test_names_of_the_page_are_free(seeded: Api) -> None:
    """
    The files that the page and the recorded calls upload, x.jpg and x.png, do not exist yet.
    """
    assert "x.jpg" == seeded.upload(picture(kind="JPEG"), "x.jpg", "image/jpeg")["filename"]
    assert "x.png" == seeded.upload(picture())["filename"]


def test_twice(seeded: Api, clock: MovableClock) -> None:
    """
    Seeding again changes nothing: not the pictures, and not the credits that are left.
    """
    seeded.ended(seeded.train())
    before = (seeded.files(), credit_balance(seeded.store, "acme"), seeded.get("/images/?dataset=ds"))

    seed(seeded.store, clock=clock)

    assert before == (seeded.files(), credit_balance(seeded.store, "acme"), seeded.get("/images/?dataset=ds"))


def test_broken_off(
    store: Store, clock: MovableClock, serve: Callable[[Settings], Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A seed that broke off, as on a full disk, is completed by the next one.
    """
    room = iter(range(3))

    def write(content: bytes, suffix: str = "") -> str:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return DataFolder.write(store.folder, content, suffix)

    monkeypatch.setattr(store.folder, "write", write)
    with pytest.raises(OSError, match="No space left"):
        seed(store, clock=clock)
    monkeypatch.undo()

    seed(store, clock=clock)

    api = serve(Settings())
    assert [8, 8] == [api.as_(tenant).get("/datasets/ds")["data"]["completed_image_count"] for tenant in TENANTS]
