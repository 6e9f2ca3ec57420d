"""A small classifier: softmax regression, the same weights for the same crops and seed."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pictograph_server.crops import Numbers

Labels = npt.NDArray[np.intp]

ARCHITECTURE = "softmax-regression"
_DECAY = 1e-3
_VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class Split:
    """Which crops are learned from, and which are kept back to see what was learned."""

    train: Labels
    validation: Labels


def split(labels: Labels, seed: int) -> Split:
    """Keep back a quarter of each class, and never the last crop of one."""
    random = np.random.default_rng(seed)
    train: list[Labels] = []
    validation: list[Labels] = []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        kept_back = min(len(members) - 1, round(len(members) * _VALIDATION_SHARE))
        validation.append(members[:kept_back])
        train.append(members[kept_back:])
    return Split(np.concatenate(train), np.concatenate(validation))


class Classifier:
    """Tells classes apart by a weighted sum of scaled features; `step` makes it a little better."""

    def __init__(self, features: Numbers, labels: Labels, classes: list[str]) -> None:
        self.classes = classes
        self.mean = features.mean(axis=0)
        # A feature that never changes tells nothing: 1 keeps it from being divided by zero.
        spread = features.std(axis=0)
        self.scale = np.where(spread > 0, spread, 1.0) * np.sqrt(features.shape[1])
        self.weights: Numbers = np.zeros((features.shape[1], len(classes)))
        self.bias: Numbers = np.zeros(len(classes))
        self._inputs = (features - self.mean) / self.scale
        self._targets = np.eye(len(classes))[labels]

    def step(self, learning_rate: float) -> float:
        """One epoch of gradient descent; return the loss before it."""
        chances = _softmax(self._inputs @ self.weights + self.bias)
        loss = -float(np.log(np.maximum(chances[self._targets > 0], 1e-300)).mean())
        error = (chances - self._targets) / len(self._inputs)
        self.weights -= learning_rate * (self._inputs.T @ error + _DECAY * self.weights)
        self.bias -= learning_rate * error.sum(axis=0)
        return loss

    def checkpoint(self) -> bytes:
        """What has been learned so far, for `resume`."""
        file = io.BytesIO()
        np.savez(file, weights=self.weights, bias=self.bias)
        return file.getvalue()

    def resume(self, checkpoint: bytes) -> None:
        """Go on from *checkpoint*, which a classifier of the same crops made."""
        with np.load(io.BytesIO(checkpoint)) as kept:
            self.weights, self.bias = kept["weights"], kept["bias"]

    def predict(self, features: Numbers) -> Labels:
        """The most likely class of each row, as its index."""
        best: Labels = np.argmax((features - self.mean) / self.scale @ self.weights + self.bias, axis=1)
        return best

    def accuracy(self, features: Numbers, labels: Labels) -> float | None:
        """The share of rows that are told right, or None if there is no row."""
        return float((self.predict(features) == labels).mean()) if len(labels) else None

    def saved(self) -> bytes:
        """The weights as the bytes of an .npz file, which loads without pickle."""
        file = io.BytesIO()
        np.savez(
            file,
            weights=self.weights,
            bias=self.bias,
            mean=self.mean,
            scale=self.scale,
            classes=np.array(self.classes, dtype=np.str_),
        )
        return file.getvalue()


def _softmax(scores: Numbers) -> Numbers:
    powers: Numbers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return shares
