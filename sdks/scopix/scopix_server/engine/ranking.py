"""Ranking of texts by how rare the words are that they share with a question (BM25)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TEXTS = 20_000
LONGEST_SNIPPET = 300

_K1, _B = 1.5, 0.75
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about all an and any are as at be by can do does find for from give had has have how i in into is it its me"
        " my of on or our please show some tell that the their there these they this those to was we were what when"
        " where which who why will with you your",
    )
)


@dataclass(frozen=True)
class Ranked:
    """The text at *index*, and how well it fits."""

    index: int
    score: float


def ranked(question: str, texts: Sequence[str]) -> list[Ranked]:
    """Those of *texts* that share a word with *question*, the best first; of equals, the first."""
    wanted = dict.fromkeys(stems(question))
    counted = [Counter(stems(text)) for text in texts[:MOST_TEXTS]]
    average = sum(map(Counter.total, counted)) / (len(counted) or 1) or 1.0
    rarity = {
        word: math.log(1 + (len(counted) - holding + 0.5) / (holding + 0.5))
        for word in wanted
        for holding in [sum(word in words for words in counted)]
    }

    def score(words: Counter[str]) -> float:
        length = 1 - _B + _B * words.total() / average
        return sum(rarity[word] * words[word] * (_K1 + 1) / (words[word] + _K1 * length) for word in wanted)

    found = [Ranked(index, score(words)) for index, words in enumerate(counted)]
    return sorted((one for one in found if one.score > 0), key=lambda one: -one.score)


def sentences(text: str) -> list[str]:
    """The sentences of *text*, none of them blank."""
    return [sentence for part in re.split(r"(?<=[.!?])\s+|\n+", text) if (sentence := " ".join(part.split()))]


def snippet(question: str, text: str) -> str:
    """The sentence of *text* that fits *question* best, not longer than `LONGEST_SNIPPET`."""
    parts = sentences(text)
    best = ranked(question, parts)
    chosen = parts[best[0].index] if best else " ".join(text.split())
    return chosen if len(chosen) <= LONGEST_SNIPPET else f"{chosen[: LONGEST_SNIPPET - 1]}…"


def keywords(text: str) -> list[str]:
    """The words of *text* that say something, each once; all of its words, if none does."""
    words = dict.fromkeys(re.findall(r"\w+", text.lower()))
    return [word for word in words if word not in _COMMON] or list(words)


def stems(text: str) -> list[str]:
    """The words of *text* that say something, without the plural's "s"."""
    words = re.findall(r"\w+", text.lower())
    return [_stem(word) for word in words if word not in _COMMON] or [_stem(word) for word in words]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
