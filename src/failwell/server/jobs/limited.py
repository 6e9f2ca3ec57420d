"""Limited calls: parts that an operator may exchange are given so much time; one that does not answer is given up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

MOST_BUSY = 64
"""Calls that a part may be busy with: one that never answers must not cost a thread for each question."""

_END = object()


class TooSlowError(Exception):
    """A part did not answer in time; the text says after how long."""


class BrokenPartError(Exception):
    """A part raised what it may not raise, which is its `__cause__`, or gave what nobody can use."""


class Limited:
    """The calls of the part that is called *noun*. Each is in a thread, which is left alone when its time is up.

    What it raises of the *known* kinds is raised as it is.
    """

    def __init__(self, noun: str, *known: type[Exception]) -> None:
        self._noun = noun
        self._known = known
        self._turns = threading.BoundedSemaphore(MOST_BUSY)

    def call(self, kind: type[T], work: Callable[[], object], seconds: float) -> T:
        """What *work* returns within *seconds*, of that *kind*.

        Raises:
            TooSlowError: time is up, or so many calls never came back.
            BrokenPartError: it is of another kind, or *work* raised.
        """
        return self._fit(kind, self._answer(work, time.monotonic() + seconds, seconds))

    def pieces(self, kind: type[T], work: Callable[[], Iterable[object]], seconds: float) -> Iterator[T]:
        """What *work* gives piece by piece, all of it within *seconds*. Raises: as `call`."""
        given_up = time.monotonic() + seconds
        found: Any = self._answer(lambda: iter(work()), given_up, seconds)
        while (piece := self._answer(lambda: next(found, _END), given_up, seconds)) is not _END:
            yield self._fit(kind, piece)

    def _fit(self, kind: type[T], answer: object) -> T:
        if isinstance(answer, kind):
            return answer
        raise self._broken()

    def _broken(self) -> BrokenPartError:
        return BrokenPartError(f"The {self._noun} failed. Try again in a few minutes.")

    def _answer(self, work: Callable[[], object], given_up: float, seconds: float) -> object:
        said: queue.SimpleQueue[tuple[object, BaseException | None]] = queue.SimpleQueue()

        def ask() -> None:
            try:
                said.put((work(), None))
            except BaseException as problem:  # noqa: BLE001 - raised below, in the thread that waits; SystemExit as well
                said.put((None, problem))
            finally:
                self._turns.release()

        if not self._turns.acquire(timeout=max(0.0, given_up - time.monotonic())):
            raise TooSlowError(f"The {self._noun} is busy with {MOST_BUSY} calls. Try again later.")
        threading.Thread(target=ask, name=f"failwell-{self._noun}", daemon=True).start()
        try:
            answer, problem = said.get(timeout=max(0.0, given_up - time.monotonic()))
        except queue.Empty:
            raise TooSlowError(f"The {self._noun} gave no answer within {seconds:g} s.") from None
        if problem is None:
            return answer
        if isinstance(problem, self._known):
            raise problem
        raise self._broken() from problem
