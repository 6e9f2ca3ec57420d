"""Training: a workflow of steps, from the frozen export to the model."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from failwell.clock import WallClock
from failwell.server import Step
from pictograph_server.crops import CropError, Numbers, features, is_crop
from pictograph_server.learning import Classifier, Labels, Split, split
from pictograph_server.models import complete_run
from pictograph_server.runs import begin_run, fail_run, note_progress
from pictograph_server.store import Store

SECONDS_A_STEP = 0.5
"""How long is trained between two checkpoints: all that a crash can cost."""


class TrainingError(Exception):
    """The run cannot go on; the text is its `error_message`."""


@dataclass(frozen=True)
class Reached:
    """How far a run has come in *steps*: the weights after *epoch* epochs are in *file*, the last loss was *loss*."""

    steps: int = 0
    epoch: int = 0
    file: str | None = None
    loss: float = float("nan")


@dataclass(frozen=True)
class Lesson:
    """What a run learns from: the crops of its export, whose class is which, and what is kept back."""

    rows: Numbers
    labels: Labels
    classes: list[str]
    parts: Split

    def classifier(self) -> Classifier:
        """One that has learned nothing yet."""
        return Classifier(self.rows[self.parts.train], self.labels[self.parts.train], self.classes)


class Training:
    """The training of the runs in *store*."""

    def __init__(self, store: Store, clock: WallClock) -> None:
        self._store = store
        self._clock = clock
        # One lesson for each run that trains at the same time: read once, not at every step.
        self._lesson = lru_cache(maxsize=2)(self._read_lesson)

    def run(self, step: Step, run_id: str) -> None:
        """Train *run_id* until it is completed, or fail it with the reason."""
        epochs = step(self.begin, run_id)
        reached = Reached()
        try:
            while reached.epoch < epochs:
                before, reached = reached, step(self.fit, run_id, reached)
                # Only now: the step that had read it is done, and will not be done again.
                self._store.folder.remove(before.file)
            if epochs:
                step(self.complete, run_id, reached)
        except TrainingError as problem:
            step(self.fail, run_id, str(problem))
        finally:
            self._store.folder.remove(reached.file)

    def begin(self, run_id: str) -> int:
        """Note that the run trains; how many epochs it does, or 0 if it has ended."""
        run = begin_run(self._store, self._clock, run_id)
        return int(run["total_epochs"]) if run is not None else 0

    def fit(self, run_id: str, reached: Reached) -> Reached:
        """Train for a while, one epoch at least, from where the run was; note each per cent.

        Raises: TrainingError.
        """
        run = self._run(run_id)
        config: dict[str, Any] = json.loads(run["config"])
        classifier = self._lesson(run["export_id"], config["seed"]).classifier()
        if reached.file is not None:
            classifier.resume(self._store.folder.read(reached.file))
        epochs: int = config["epochs"]
        epoch, end = reached.epoch, time.monotonic() + SECONDS_A_STEP
        while True:
            epoch += 1
            loss = classifier.step(config["learning_rate"])
            if not np.isfinite(loss):
                raise TrainingError(
                    f"The loss left all bounds in epoch {epoch}. Lower `learning_rate`, and start again."
                )
            over = epoch == epochs or time.monotonic() >= end
            # 100 is for a run that has its model.
            progress = epoch * 99 // epochs
            if over or progress != (epoch - 1) * 99 // epochs:
                note_progress(self._store, run_id, progress=progress, epoch=epoch, loss=loss)
            if over:
                break
        # Done again after a crash, a step writes the same file: none is left over.
        file = self._store.folder.write(classifier.checkpoint(), f"{run_id}.{reached.steps + 1}.npz")
        return Reached(reached.steps + 1, epoch, file, loss)

    def complete(self, run_id: str, reached: Reached) -> None:
        """Make the model of what was learned, and end the run; done already, it does nothing.

        Raises: TrainingError.
        """
        run = self._run(run_id)
        if run["status"] != "running":
            return
        lesson = self._lesson(run["export_id"], json.loads(run["config"])["seed"])
        classifier, parts = lesson.classifier(), lesson.parts
        if reached.file is not None:
            classifier.resume(self._store.folder.read(reached.file))
        metrics = {
            "loss": reached.loss,
            "train_accuracy": classifier.accuracy(lesson.rows[parts.train], lesson.labels[parts.train]),
            "validation_accuracy": classifier.accuracy(lesson.rows[parts.validation], lesson.labels[parts.validation]),
            "train_crops": len(parts.train),
            "validation_crops": len(parts.validation),
        }
        file = self._store.folder.write(classifier.saved(), f"{run_id}.npz")
        try:
            complete_run(self._store, self._clock, run, file=file, classes=lesson.classes, metrics=metrics)
        except BaseException:
            self._store.folder.remove(file)
            raise

    def fail(self, run_id: str, reason: str) -> None:
        """End the run as failed, and give its credits back; one that has ended stays as it is."""
        fail_run(self._store, self._clock, run_id, reason)

    def _run(self, run_id: str) -> sqlite3.Row:
        with self._store.reading() as db:
            row: sqlite3.Row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
        return row

    def _read_lesson(self, export_id: str, seed: int) -> Lesson:
        rows, names = self._read_export(export_id)
        classes = sorted(set(names))
        if len(classes) < 2:
            found = f'only "{classes[0]}"' if classes else "no annotated image with a bbox or polygon"
            raise TrainingError(
                f"Training needs at least 2 classes, the export has {found}. Annotate more, export again."
            )
        labels: Labels = np.array([classes.index(name) for name in names], dtype=np.intp)
        return Lesson(rows, labels, classes, split(labels, seed))

    def _read_export(self, export_id: str) -> tuple[Numbers, list[str]]:
        """The features of all crops of an export, and the class of each."""
        with self._store.reading() as db:
            images = db.execute(
                "SELECT * FROM export_images WHERE export_id = ? ORDER BY position", (export_id,)
            ).fetchall()
        rows: list[Numbers] = []
        names: list[str] = []
        for image in images:
            annotations: list[dict[str, Any]] = [entry for entry in json.loads(image["annotations"]) if is_crop(entry)]
            if annotations:
                rows += self._read_crops(image, annotations)
                names += [entry["name"] for entry in annotations]
        return np.array(rows), names

    def _read_crops(self, image: sqlite3.Row, annotations: list[dict[str, Any]]) -> Iterator[Numbers]:
        name = image["filename"]
        try:
            yield from features(self._store.folder.read(image["file"]), name, annotations)
        except CropError as problem:
            raise TrainingError(str(problem)) from problem
        except FileNotFoundError as problem:
            message = f"The file of {name} is gone from the data folder. Upload the image again, export again."
            raise TrainingError(message) from problem
        except OSError as problem:
            message = f"The file of {name} can no longer be read. Upload the image again, export again."
            raise TrainingError(message) from problem
