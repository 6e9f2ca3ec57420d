"""One training run, from the frozen export to the model, on the thread that calls it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pictograph_server.crops import CropError, Numbers, features, is_crop
from pictograph_server.learning import Classifier, Labels, split
from pictograph_server.models import complete_run
from pictograph_server.runs import begin_run, note_progress
from pictograph_server.store import Store
from pictograph_server.times import Clock


class TrainingError(Exception):
    """The run cannot go on; the text is its `error_message`."""


def train(store: Store, clock: Clock, run_id: str, *, stopped: Callable[[], bool]) -> None:
    """Train *run_id* until it is completed.

    Raises: TrainingError, if it cannot be, or if *stopped* says that the server ends.
    """
    run = begin_run(store, clock, run_id)
    config: dict[str, Any] = json.loads(run["config"])
    rows, names = _load_crops(store, run["export_id"], stopped)
    classes = sorted(set(names))
    if len(classes) < 2:
        found = f'only "{classes[0]}"' if classes else "no annotated image with a bbox or polygon"
        raise TrainingError(f"Training needs at least 2 classes, the export has {found}. Annotate more, export again.")
    labels: Labels = np.array([classes.index(name) for name in names], dtype=np.intp)
    parts = split(labels, config["seed"])
    classifier = Classifier(rows[parts.train], labels[parts.train], classes)
    loss = _fit(store, run, classifier, config, stopped)
    metrics = {
        "loss": loss,
        "train_accuracy": classifier.accuracy(rows[parts.train], labels[parts.train]),
        "validation_accuracy": classifier.accuracy(rows[parts.validation], labels[parts.validation]),
        "train_crops": len(parts.train),
        "validation_crops": len(parts.validation),
    }
    file = store.folder.write(classifier.saved(), ".npz")
    try:
        complete_run(store, clock, run, file=file, classes=classes, metrics=metrics)
    except BaseException:
        store.folder.remove(file)
        raise


def _load_crops(store: Store, export_id: str, stopped: Callable[[], bool]) -> tuple[Numbers, list[str]]:
    """The features of all crops of an export, and the class of each."""
    with store.reading() as db:
        images = db.execute(
            "SELECT * FROM export_images WHERE export_id = ? ORDER BY position", (export_id,)
        ).fetchall()
    rows: list[Numbers] = []
    names: list[str] = []
    for image in images:
        annotations: list[dict[str, Any]] = [entry for entry in json.loads(image["annotations"]) if is_crop(entry)]
        if annotations:
            for row in _read_crops(store, image, annotations):
                _check_stop(stopped, "while it read the pictures")
                rows.append(row)
            names += [entry["name"] for entry in annotations]
    return np.array(rows), names


def _read_crops(store: Store, image: sqlite3.Row, annotations: list[dict[str, Any]]) -> Iterator[Numbers]:
    try:
        yield from features(store.folder.read(image["file"]), image["filename"], annotations)
    except CropError as problem:
        raise TrainingError(str(problem)) from problem
    except FileNotFoundError as problem:
        message = f"The file of {image['filename']} is gone from the data folder. Upload the image again, export again."
        raise TrainingError(message) from problem
    except OSError as problem:
        message = f"The file of {image['filename']} can no longer be read. Upload the image again, export again."
        raise TrainingError(message) from problem


def _fit(
    store: Store, run: sqlite3.Row, classifier: Classifier, config: dict[str, Any], stopped: Callable[[], bool]
) -> float:
    """Train for all epochs, and note each per cent; return the last loss."""
    epochs: int = config["epochs"]
    noted, loss = -1, float("nan")
    for epoch in range(1, epochs + 1):
        _check_stop(stopped, f"before epoch {epoch} of {epochs}")
        loss = classifier.step(config["learning_rate"])
        if not np.isfinite(loss):
            raise TrainingError(f"The loss left all bounds in epoch {epoch}. Lower `learning_rate`, and start again.")
        # 100 is for a run that has its model.
        progress = epoch * 99 // epochs
        if progress != noted:
            note_progress(store, run["id"], progress=progress, epoch=epoch, loss=loss)
            noted = progress
    return loss


def _check_stop(stopped: Callable[[], bool], when: str) -> None:
    if stopped():
        raise TrainingError(f"The server was stopped {when}. The credits were returned; start the run again.")
