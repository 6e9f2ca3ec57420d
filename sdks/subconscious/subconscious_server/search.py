"""Search in texts: sentences, ranked by how rare the words are that they share with the question (BM25)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SENTENCES = 20_000
_K1, _B = 1.5, 0.75
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about all an and any are as at be by can do does find for from give given had has have how i in into is it "
        "its latest look me my of on or out please search show some tell that the their then there these they this "
        "those to up was we were what when where which who why will with you your",
    )
)


@dataclass(frozen=True)
class Document:
    """A text and what it is called."""

    name: str
    text: str


@dataclass(frozen=True)
class Found:
    """A sentence of the document *name*, and how well it fits."""

    name: str
    sentence: str
    score: float


def search(question: str, documents: Sequence[Document], most: int = 3) -> list[Found]:
    """The sentences of *documents* that fit *question* best, the best first; none that shares no word with it."""
    wanted = set(_stems(question))
    sentences = [
        (document.name, sentence)
        for document in documents
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", document.text)
        if sentence.strip()
    ][:MOST_SENTENCES]
    counted = [Counter(_stems(sentence)) for _, sentence in sentences]
    average = sum(map(Counter.total, counted)) / (len(counted) or 1) or 1.0
    rare = {
        word: math.log(1 + (len(counted) - holding + 0.5) / (holding + 0.5))
        for word in wanted
        for holding in [sum(word in words_in for words_in in counted)]
    }

    def score(words_in: Counter[str]) -> float:
        length = 1 - _B + _B * words_in.total() / average
        return sum(rare[word] * words_in[word] * (_K1 + 1) / (words_in[word] + _K1 * length) for word in wanted)

    found = [
        Found(name, sentence.strip(), score(words_in))
        for (name, sentence), words_in in zip(sentences, counted, strict=True)
    ]
    found.sort(key=lambda one: -one.score)
    # What fits half as well as the best has one of its words by chance.
    return [one for one in found[:most] if one.score > found[0].score / 2]


def keywords(text: str) -> list[str]:
    """The words of *text* that say something."""
    return [word for word in re.findall(r"\w+", text.lower()) if word not in _COMMON]


def _stems(text: str) -> list[str]:
    """The keywords of *text* without the plural's "s"."""
    return [word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word for word in keywords(text)]
