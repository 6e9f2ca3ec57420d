"""Annotated pictures to train on, for the tests of training."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np

from failwell.server import Step, immediately
from pictograph_server.runs import NewRun, create_run
from pictograph_server.training import Training

from .api import Api, picture


def whole(name: str) -> dict[str, Any]:
    """An annotation of a whole picture."""
    return {"name": name, "type": "bbox", "bounding_box": {"x": 0, "y": 0, "w": 32, "h": 24}}


def fill(api: Api, colors: Iterable[str] = ("red", "blue"), each: int = 4) -> None:
    """Give "ds" pictures of *colors*, annotated with their color, and an export "exp"."""
    for color in colors:
        for number in range(each):
            api.save(api.upload(picture(color), f"{color}-{number}.png"), whole(color))
    export(api)


def export(api: Api) -> None:
    """Freeze "ds" as "exp"."""
    api.post("/exports/", {"dataset_name": "ds", "name": "exp"})


def failed(api: Api) -> str:
    """Train on "exp" and see it fail; return the reason."""
    run = api.ended(api.train())
    assert ("failed", None) == (run["status"], run["model_id"])
    return str(run["error_message"])


def train_here(api: Api, step: Step = immediately, **more: Any) -> Any:
    """Train on "exp" in this process, whose parts a test can break; return the run."""
    body = NewRun(dataset_name="ds", export_name="exp", pipeline_type="yolox", **more)
    run = create_run(api.store, api.clock, api.settings, tenant="acme", key_id="key_1", new=body)
    Training(api.store, api.clock).run(step, run.id)
    return api.get(f"/training/{run.id}")["data"]


def weights(api: Api, run: Any) -> Any:
    """What a completed run has learned."""
    with api.store.reading() as db:
        [row] = db.execute("SELECT file FROM models WHERE run_id = ?", (run["id"],)).fetchall()
    with np.load(io.BytesIO(api.store.folder.read(row["file"]))) as saved:
        return saved["weights"].tolist()


def long_run(api: Api) -> Any:
    """A run that would last for minutes, once it trains."""
    run = api.train(config={"epochs": 10_000_000})
    return api.when(run, lambda seen: seen["status"] == "running" and seen["metrics"])
