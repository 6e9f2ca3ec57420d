"""Our decoder of streams beside httpx-sse's, in one process: run in the peers' environment, which has both.

    python -m benchmarks.peers.events ROUNDS

prints the quartiles of two ratios as JSON: their time for small events over that of a split loop, and our rate of large
ones over theirs.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from httpx_sse import EventSource

from benchmarks.events import HALF_MIB, PIECES_OF_SMALL, decoded, large, split
from benchmarks.measuring import compare

LARGE_EVENTS = 16
"""Events of 0.5 MiB each."""


class _Response:
    """As much of a response as httpx-sse reads: what httpx does besides is not what is compared."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.headers = {"content-type": "text/event-stream"}

    def iter_text(self) -> Iterator[str]:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        return (decode(piece) for piece in self._pieces)


def theirs(pieces: Iterable[bytes]) -> int:
    """How many events httpx-sse finds."""
    return sum(1 for _ in EventSource(cast(Any, _Response(pieces))).iter_sse())


def _alike(one: Callable[[], int], other: Callable[[], int]) -> None:
    assert one() == other(), "the decoders disagree"


def main(rounds: int) -> None:
    many, pieces = PIECES_OF_SMALL, list(large(HALF_MIB, LARGE_EVENTS))
    _alike(lambda: theirs(many), lambda: split(many))
    _alike(lambda: theirs(pieces), lambda: decoded(pieces))
    measured = [
        compare(lambda: theirs(many), lambda: split(many), rounds=rounds, calls=10),
        # Of the rates: that of ours over theirs is their time over ours.
        compare(lambda: theirs(pieces), lambda: decoded(pieces), rounds=rounds, calls=2),
    ]
    print(json.dumps(measured))


if __name__ == "__main__":
    main(int(sys.argv[1]))
