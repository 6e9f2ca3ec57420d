"""Batch queue: which item is next, which are done or failed, what ends the whole batch."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from functools import reduce
from typing import Annotated, Any, Generic, TypeVar

from failwell._support.frozen import Frozen, changed
from failwell.contract.case import Case, SideEffect
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import error_for
from failwell.contract.error import Error
from failwell.contract.fields import Local, Message, field
from failwell.policy.effect import together
from failwell.policy.flow import Flow, now, sleep
from failwell.policy.resilience.budget import Lock
from failwell.policy.retry.policy import succeeded
from failwell.wire.messages import Outcome

T = TypeVar("T")

ItemError = Error | OSError | ValueError
"""What one item may end with, while the others go on; a ValueError is about what no request can carry."""
ITEM_ERRORS = (Error, OSError, ValueError)
MOST_RETURNS = 5
"""How often an item that was only told to wait goes back to the end of the queue."""


class Remaining(Frozen):
    """What is needed to do one item of a batch again. *idempotency_key* is there when it may have been done."""

    index: int
    item: Any
    idempotency_key: str | None = None


class Unpicklable(Frozen):
    """Stands for an item that cannot be pickled; *text* is how it was printed."""

    text: str


class BatchError(
    Error,
    source="client",
    on="batch",
    fix="`e.failures` has the error of each item; `batch.retry_failed()`, or a batch of `e.remaining`, does the rest.",
):
    """Some items of a batch were not done; the others were. Raised by `raise_on_failures()` alone."""

    message: Message = field(kw_only=False)
    total: Annotated[int, Local()] = 0
    """How many items the batch had."""
    failures: Annotated[dict[int, ItemError], Local()] = field(default_factory=dict)
    """The error of each item that failed, by its index."""
    remaining: Annotated[tuple[Remaining, ...], Local()] = ()
    """What is needed to do again what failed, and what was not tried: `failwell.batch(method, e.remaining)`."""
    partial_results: Annotated[dict[int, Any], Local()] = field(default_factory=dict)
    """The results of the items that were done, by index."""

    def __reduce__(self) -> tuple[Any, ...]:
        rebuilt, arguments, state = super().__reduce__()
        state["remaining"] = tuple(changed(each, item=_kept(each.item)) for each in self.remaining)
        state["failures"] = {index: _kept_error(error) for index, error in self.failures.items()}
        state["partial_results"] = {index: _kept(result) for index, result in self.partial_results.items()}
        return rebuilt, arguments, state


def failed_batch(
    catalogue: Catalogue,
    total: int,
    failures: Mapping[int, ItemError],
    remaining: tuple[Remaining, ...],
    results: Mapping[int, Any],
) -> Error:
    """The error of a batch that is not whole: `BatchError`, or the catalogue's class for the occasion "batch".

    Fields that such a class has under the same names are filled in.
    """
    not_tried = len(remaining) - len(failures)
    first, error = next(iter(failures.items()), (None, None))
    message = f"{len(failures)} of {total} items failed"
    message += f" and {not_tried} {'was' if not_tried == 1 else 'were'} not tried" if not_tried else ""
    message += f"; item {first}: {type(error).__name__}: {str(error)[:200]}" if first is not None else ""
    batch = error_for(
        *declared(catalogue, BatchError),
        message=message,
        total=total,
        failures=dict(failures),
        remaining=remaining,
        partial_results=dict(results),
    )
    effects: list[SideEffect] = [each.effect if isinstance(each, Error) else "unknown" for each in failures.values()]
    batch.effect = "done" if results else reduce(together, effects, "none")
    return batch


def declared(catalogue: Catalogue, own: type[Error]) -> tuple[type[Error], Case]:
    """The class and case of *catalogue* for the occasion of Failwell's *own* class; those, where it declares none."""
    cls, case = catalogue.raised_on(own.cases[0].on or "")
    return (own, own.cases[0]) if case.on is None else (cls, case)


def met_by_all(error: Exception) -> bool:
    """Whether every further item would meet *error* too: the key, the credit, the client's own settings.

    So would they when the server asks for a longer wait than is ever waited, or when the circuit is open.
    """
    if not isinstance(error, Error):
        return False
    if error.suppression is not None and error.suppression.by in ("retry_after", "pacing", "breaker"):
        return True
    if error.case.on == "configuration":
        return True
    return error.source == "http" and error.known_status in (401, 402)


def may_have_happened(error: Exception, *, accepted: bool = False) -> bool:
    """Whether the call that *error* ended may have been done: no answer, a failing server, or it still runs.

    What was *accepted* with a reply of 2xx goes on whatever came afterwards, unless it was told that it failed.
    """
    if not isinstance(error, Error):
        return accepted
    status = error.known_status
    answered = bool(error.attempts) and error.attempts[-1].status in range(200, 300)
    failed = error.source == "job" or (answered and (status or 0) >= 400)
    if accepted and not failed:
        return True
    return error.case.source(error.source) == "transport" or (status or 0) >= 500 or error.case.retry == "in_progress"


def through_open_circuits(start: Callable[[int], Flow[T]], most: float) -> Callable[[int], Flow[T]]:
    """*start*, which begins the items of a batch, again after each pause that an open circuit asks for.

    While it is open all items would be refused, so they wait. They give up when no item was done for *most* seconds.
    """
    held_since: list[float] = []

    def begin(index: int) -> Flow[T]:
        while True:
            try:
                result = yield from start(index)
            except Error as error:
                held = error.suppression
                if held is None or held.by != "breaker" or held.seconds is None:
                    raise
                moment = yield from now()
                if not held_since:
                    held_since.append(moment)
                if moment + held.seconds - held_since[0] > most:
                    raise
                pause = held.seconds
            else:
                held_since.clear()
                return result
            yield from sleep(pause)

    return begin


class BatchQueue(Generic[T]):
    """Gives out the indexes of a batch, and notes what became of each. Shared by its threads or tasks.

    *told* hears of each item that is done or failed: how many are done, how many of them failed, and the index.
    *ends_all* says which error stops the whole. An item that *throttled* says was only told to wait goes to the end of
    the queue, and from then on half as many are under way at once.
    """

    def __init__(
        self,
        todo: Iterable[int],
        *,
        workers: int,
        told: Callable[[int, int, int], object],
        ends_all: Callable[[Exception], bool] = met_by_all,
        throttled: Callable[[Exception], bool] = lambda _error: False,
        lock: Lock | None = None,
    ) -> None:
        self.todo = tuple(todo)
        self.results: dict[int, T] = {}
        self.failures: dict[int, ItemError] = {}
        self.keys: dict[int, str] = {}
        """The last idempotency key that was sent for an item."""
        self.accepted: set[int] = set()
        """The items whose last key met a reply of 2xx."""
        self.stopped_by: int | None = None
        """The item that met what all would meet."""
        self.problem: BaseException | None = None
        """Ctrl-C, or what nobody expected: it ends the batch, and is raised as it is."""
        self.at_most = workers
        self._told = told
        self._ends_all = ends_all
        self._throttled = throttled
        self._lock: Lock = nullcontext() if lock is None else lock
        self._waiting = deque(self.todo)
        self._returns: dict[int, int] = {}
        self._under_way = 0

    def next(self) -> int | None:
        """The next index; None when there is none, no more may be started, or enough are under way."""
        with self._lock:
            ended = self.problem is not None or self.stopped_by is not None
            if ended or not self._waiting or self._under_way >= self.at_most:
                return None
            self._under_way += 1
            return self._waiting.popleft()

    def sending(self, index: int, idempotency_key: str) -> None:
        """Note that a request with *idempotency_key* goes out for the item."""
        self.keys[index] = idempotency_key
        self.accepted.discard(index)

    def answered(self, index: int, outcome: Outcome) -> None:
        """Note what came of it."""
        if succeeded(outcome):
            self.accepted.add(index)

    def done(self, index: int, result: T) -> None:
        """Note that the item became *result*."""
        with self._lock:
            self._under_way -= 1
            self.results[index] = result
            self._tell(index)

    def failed(self, index: int, error: ItemError) -> None:
        """Note what the item met."""
        with self._lock:
            self._under_way -= 1
            returns = self._returns.get(index, 0)
            if self._ends_all(error):
                if self.stopped_by is None:
                    self.stopped_by = index
            elif self._throttled(error) and returns < MOST_RETURNS and self.problem is None:
                self._returns[index] = returns + 1
                self._waiting.append(index)
                self.at_most = max(1, self.at_most // 2)
                return
            self.failures[index] = error
            self._tell(index)

    def interrupt(self, problem: BaseException) -> None:
        """Let nothing more be started; in threads, items under way end before their next request."""
        if self.problem is None:
            self.problem = problem

    @property
    def open(self) -> tuple[int, ...]:
        """The items that are neither done nor failed: not tried, or broken off in the middle."""
        settled: Collection[int] = {*self.results, *self.failures}
        return tuple(index for index in self.todo if index not in settled)

    def _tell(self, index: int) -> None:
        failed = len(self.failures)
        self._told(len(self.results) + failed, failed, index)


def _kept_error(error: ItemError) -> ItemError:
    """*error*, or its text where a pickle cannot hold the error itself: anybody may have written its class."""
    kept = error if isinstance(error, Error) else _kept(error)
    return ValueError(kept.text) if isinstance(kept, Unpicklable) else kept


def _kept(value: Any) -> Any:
    """*value*, or what stands for it in a pickle that cannot hold it, or not give it back."""
    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - our own, a moment ago
    except Exception:  # noqa: BLE001 - whatever its own code does when it is pickled
        return Unpicklable(repr(value)[:200])
    return value
