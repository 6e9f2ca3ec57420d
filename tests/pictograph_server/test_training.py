from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pytest
from PIL import Image as Pillow

from pictograph.exceptions import NotFoundError, ValidationError
from pictograph_server import credit_balance, set_credits
from pictograph_server.crops import features

from .api import Api, box, picture
from .training_data import export, failed, fill, train_here, weights, whole

P = ParamSpec("P")
T = TypeVar("T")


def test_completed(api: Api) -> None:
    """
    A run is queued, then trains, and is completed with a model and metrics of what it really learned.
    """
    fill(api)

    created = api.train(name="r1", gpu_type="auto", config={"epochs": 50})
    run = api.ended(created)

    assert ("queued", 0, None) == (created["status"], created["progress"], created["model_id"])
    assert ("completed", 100, 50, None) == tuple(
        run[field] for field in ("status", "progress", "current_epoch", "error_message")
    )
    assert ("r1", "acme", "a10g", "key_1") == tuple(
        run[field] for field in ("name", "organization_id", "gpu_type", "created_by")
    )
    learned = {"train_accuracy": 1.0, "validation_accuracy": 1.0, "train_crops": 6, "validation_crops": 2}
    assert learned == {key: run["metrics"][key] for key in learned}
    assert 0 < run["metrics"]["loss"] < 0.1


def test_model(api: Api) -> None:
    """
    A completed run's model is found by id and by name, and its weights tell the classes apart, loaded without pickle.
    """
    fill(api)
    run = api.ended(api.train(name="r1", pipeline_type="rfdetr_segmentation"))

    model = api.get(f"/models/{run['model_id']}")["data"]

    assert model == api.get("/models/r1")["data"]
    expected = ("r1", "instance_segmentation", "ready", "private", run["id"])
    assert expected == tuple(
        model[field] for field in ("name", "model_type", "status", "visibility", "training_run_id")
    )
    assert {"classes": ["blue", "red"]} == model["class_mapping"]
    assert run["metrics"] == model["metrics"]
    with api.store.reading() as db:
        file = db.execute("SELECT file FROM models").fetchone()["file"]
    with np.load(api.store.folder.files / file) as saved:
        (row,) = features(picture("red"), "x.png", [whole("red")])
        scores = (row - saved["mean"]) / saved["scale"] @ saved["weights"] + saved["bias"]
        assert "red" == saved["classes"][np.argmax(scores)]


def test_accuracy_is_real(api: Api) -> None:
    """
    Where there is nothing to tell classes apart by, the accuracy is poor: it is measured, not claimed.
    """
    for number in range(8):
        api.save(api.upload(picture("red"), f"{number}.png"), whole("a" if number % 2 else "b"))
    export(api)

    metrics = api.ended(api.train())["metrics"]

    assert (0.5, 0.5) == (metrics["train_accuracy"], metrics["validation_accuracy"])


@pytest.mark.parametrize(
    ("annotations", "reason"),
    [
        ([], "no annotated image with a bbox or polygon"),
        ([{"name": "a", "type": "keypoint", "keypoint": [1, 2]}], "no annotated image with a bbox or polygon"),
        ([box("a"), box("a")], 'at least 2 classes, the export has only "a"'),
        ([box("a"), box("b", x=32)], 'annotation "b" of x.png (x=32, y=2, w=3, h=4) lies outside of the picture'),
        ([box("a"), box("b", x=-9, y=-9)], "lies outside of the picture, which has 32 x 24 pixels"),
    ],
)
def test_cannot_train(api: Api, annotations: list[Any], reason: str) -> None:
    """
    A run that cannot train fails with the reason, and its credits are returned.
    """
    api.save(api.upload(picture()), *annotations)
    export(api)

    assert reason in failed(api)
    assert 100 == credit_balance(api.store, "acme")


def test_box_over_the_edge(api: Api) -> None:
    """
    A box that reaches over the edge trains on the part inside.
    """
    image = api.upload(picture())
    api.save(image, box("a", x=-5, y=-5, w=50, h=50), box("b", x=31.5, y=23.5))
    export(api)

    assert "completed" == api.ended(api.train())["status"]


@pytest.mark.parametrize("what", ["gone", "can no longer be read"])
def test_file_lost(api: Api, what: str) -> None:
    """
    A picture whose file is gone or broken fails the run, which names the image and no path.
    """
    fill(api, each=1)
    for name in api.files():
        path = api.store.folder.files / name
        path.unlink() if what == "gone" else path.write_bytes(b"broken")

    reason = failed(api)

    assert what in reason
    assert "red-0.png" in reason
    assert str(api.store.folder.path) not in reason


def test_model_that_cannot_be_noted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    When the weights are written and the model cannot be noted, the weights are removed.
    """
    fill(api)
    before = api.files()

    def locked(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("pictograph_server.training.complete_run", locked)
    with pytest.raises(sqlite3.OperationalError):
        train_here(api)

    assert before == api.files()


def test_disk_full(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    When the weights cannot be written, neither a model nor a file is left.
    """
    fill(api)
    before = api.files()

    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", no_room)
        with pytest.raises(OSError, match="No space left"):
            train_here(api)

    assert before == api.files()
    assert [] == api.get("/models/")["data"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pipeline_type", "yolov9"),
        ("gpu_type", "h200"),
        ("config", {"epochs": 0}),
        ("config", {"epochs": True}),
        ("config", {"epochs": 10_000_001}),
        ("config", {"epochs": "5"}),
        ("config", {"learning_rate": float("nan")}),
        ("config", {"learning_rate": -1}),
        ("config", {"seed": -1}),
        ("config", {"epoch": 5}),
        ("config", []),
        ("name", "a/b"),
        ("name", 7),
        ("dataset_name", ""),
    ],
)
def test_bodies_that_cannot_be(api: Api, field: str, value: Any) -> None:
    """
    An unknown pipeline, GPU or setting, and a value out of bounds, are a ValidationError at their place.
    """
    fill(api, each=1)

    with pytest.raises(ValidationError) as caught:
        api.train(**{field: value})

    expected = ["body", field, *(value if isinstance(value, dict) else [])]
    assert [expected] == [entry["loc"] for entry in caught.value.errors]
    assert 100 == credit_balance(api.store, "acme")


@pytest.mark.parametrize(("dataset", "export"), [("no", "exp"), ("DS", "exp"), ("ds", "no")])
def test_missing_dataset_or_export(api: Api, dataset: str, export: str) -> None:
    """
    An unknown dataset or export is a NotFoundError, and costs nothing.
    """
    fill(api, each=1)

    with pytest.raises(NotFoundError):
        api.train(export, dataset_name=dataset)

    assert 100 == credit_balance(api.store, "acme")


def test_list(api: Api) -> None:
    """
    Runs and models are listed newest first, of one dataset or status if asked.
    """
    fill(api)
    api.post("/datasets/", {"name": "other"})
    for name in ("r1", "r2"):
        api.ended(api.train(name=name))
    set_credits(api.store, "acme", 18)
    api.ended(api.train(name="r1", config={"epochs": 3}))

    def names(path: str) -> list[str]:
        return [entry["name"] for entry in api.get(path)["data"]]

    assert ["r1", "r2", "r1"] == names("/training/") == names("/models/")
    assert ["r2"] == names("/training/?limit=1&offset=1") == names("/models/?limit=1&offset=1")
    assert [3, 0] == [len(names(f"/training/?dataset_name={name}")) for name in ("ds", "other")]
    assert [3, 0] == [len(names(f"/models/?dataset_name={name}")) for name in ("ds", "other")]
    assert [3, 0] == [len(names(f"/training/?status={status}")) for status in ("completed", "failed")]
    assert 3 == api.get("/training/r1")["data"]["total_epochs"]


def test_foreign_is_missing(api: Api) -> None:
    """
    Somebody else's runs and models answer like ones that do not exist, and are not listed.
    """
    fill(api)
    run = api.ended(api.train(name="r1"))
    stranger = api.as_("globex")

    for path in (f"/training/{run['id']}", "/training/r1", f"/models/{run['model_id']}", "/models/r1"):
        with pytest.raises(NotFoundError, match="There is no"):
            stranger.get(path)
    assert [] == stranger.get("/training/")["data"] == stranger.get("/models/")["data"]


def test_crops_are_told_apart(api: Api) -> None:
    """
    What is learned is the crop, not the picture: the halves of the same pictures are told apart.
    """
    left = {"x": 0, "y": 0, "w": 16, "h": 24}
    right = [[16, 0], [32, 0], [32, 24], [16, 24]]
    for number in range(4):
        image = api.upload(_halves("red", "blue"), f"{number}.png")
        first = {"name": "left", "type": "bbox", "bounding_box": left}
        second = {"name": "right", "type": "polygon", "polygon": right}
        api.save(image, first, second)
    export(api)

    metrics = api.ended(api.train())["metrics"]

    assert (1.0, 1.0) == (metrics["train_accuracy"], metrics["validation_accuracy"])


def test_single_crops(api: Api) -> None:
    """
    With one crop per class, all are learned from, and the validation accuracy is null.
    """
    fill(api, each=1)

    metrics = api.ended(api.train())["metrics"]

    assert (1.0, None, 2, 0) == tuple(
        metrics[field] for field in ("train_accuracy", "validation_accuracy", "train_crops", "validation_crops")
    )


def test_deterministic(api: Api) -> None:
    """
    The same export and seed give the same weights; another seed keeps back other crops, and gives others.
    """
    for name in ("a", "b"):
        for number in range(8):
            shade = f"rgb({number * 30}, {80 if name == 'a' else 160}, 0)"
            api.save(api.upload(picture(shade), f"{name}-{number}.png"), whole(name))
    export(api)

    same, again, other = (weights(api, api.ended(api.train(config={"epochs": 5, "seed": seed}))) for seed in (7, 7, 8))

    assert same == again
    assert same != other


def test_steps_done_twice(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    S15. A step that a crash interrupts is done again, and comes to the same: one model, one charge, no file too many.
    """
    fill(api)
    api.save(api.upload(picture("green"), "green.png"), whole("red"))
    before = set(api.files())
    monkeypatch.setattr("pictograph_server.training.SECONDS_A_STEP", 0.0)
    once = train_here(api, config={"epochs": 5})

    def twice(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        function(*args, **kwargs)
        return function(*args, **kwargs)

    again = train_here(api, twice, config={"epochs": 5})

    assert [("completed", 5)] * 2 == [(run["status"], run["current_epoch"]) for run in (once, again)]
    assert once["metrics"] == again["metrics"]
    assert 2 == len(api.get("/models/")["data"])
    assert 100 - 2 * 18 == credit_balance(api.store, "acme")
    assert 2 == len(set(api.files()) - before)


def _halves(left: str, right: str) -> bytes:
    both = Pillow.new("RGB", (32, 24), left)
    both.paste(right, (16, 0, 32, 24))
    file = io.BytesIO()
    both.save(file, "PNG")
    return file.getvalue()
