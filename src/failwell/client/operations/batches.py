"""Batch operations: one call for many items, several at once, with partial results and a retry of the rest."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from typing import Any, Generic, Literal, ParamSpec, Self, TypeVar, overload

from failwell._support.frozen import Frozen, changed
from failwell.client.core import Core
from failwell.client.operations.base import Descriptor, Form, Method
from failwell.client.operations.progress import progress_bar
from failwell.client.operations.workers import work_in_tasks, work_in_threads
from failwell.client.resource import Resource, paced
from failwell.contract.construction import configuration_problem
from failwell.contract.error import Error
from failwell.contract.mapping import domain_exception
from failwell.policy.batch import (
    BatchQueue,
    ItemError,
    Remaining,
    failed_batch,
    may_have_happened,
    met_by_all,
    through_open_circuits,
)
from failwell.policy.flow import Flow

S = TypeVar("S", bound=Resource[Any])
P = ParamSpec("P")
T = TypeVar("T")

BatchProgress = Callable[[int, int, int], object]
"""Told how many items are done, how many of these failed, and how many there are; by one thread at a time."""
NO_ARGUMENTS: Mapping[str, Any] = {}


class BatchSpec(Frozen, Generic[T]):
    """A batch: *start* makes the call for one of *items*, with an idempotency key where it must be an earlier one.

    At most *max_workers* are under way at once. *progress* is told of each; None is a bar called *title* on stderr, if
    that is a terminal and `rich` is installed, and False is silence. An error that *ends_all* picks stops the whole.
    *report* makes of the outcome what the operation answers with of which the batch is a part. *each* is told of each
    item as well, by its index.
    """

    start: Callable[[Any, str | None], Flow[T]]
    items: Iterable[Any]
    max_workers: int = 8
    progress: BatchProgress | Literal[False] | None = None
    title: str = "Working"
    ends_all: Callable[[Exception], bool] = met_by_all
    report: Callable[[BatchOutcome[T]], Any] | None = None
    each: Callable[[int], object] | None = None


class BatchOutcome(Generic[T]):
    """What became of the items of a batch, by index, in their order."""

    def __init__(self, core: Core, many: BatchSpec[T], items: tuple[Any, ...], keys: dict[int, str]) -> None:
        self._core = core
        self._many = many
        self._items = items
        self._keys = keys
        self.total = len(items)
        """How many items there are."""
        self.results: dict[int, T] = {}
        """What each item became."""
        self.failures: dict[int, ItemError] = {}
        """The error of each item that failed."""
        self.not_tried: tuple[int, ...] = tuple(range(self.total))
        """Those that were not begun, or broken off in the middle, because something ended the whole."""
        self.stopped_by: int | None = None
        """The item whose error ended the whole: all others would have met it, too."""

    @property
    def report(self) -> Any:
        """What the operation would answer with of which this is a part; None for a batch of its own."""
        return None if self._many.report is None else self._many.report(self)

    @property
    def remaining(self) -> tuple[Remaining, ...]:
        """What is needed to do again what failed and what was not tried: a batch takes it in place of the items."""
        return tuple(
            Remaining(index, self._items[index], self._keys.get(index))
            for index in sorted({*self.failures, *self.not_tried})
        )

    def raise_on_failures(self) -> Self:
        """This batch, if all of it was done.

        Raises:
            BatchError: something is missing; it has the error of each item, and what is needed to do the rest. A
                catalogue may declare a class of its own for the occasion "batch".
        """
        if not self.failures and not self.not_tried:
            return self
        error = failed_batch(self._core.catalogue, self.total, self.failures, self.remaining, self.results)
        if fix := error.case.fix:
            error.add_note(fix)
        try:
            raise domain_exception(error)
        finally:
            del error  # which holds this frame by its traceback, and all results

    @classmethod
    def of(cls, error: BaseException) -> Self | None:
        """The batch that *error* (Ctrl-C, a cancellation, what a progress function raised) ended, or None."""
        seen: BaseException | None = error
        before = set[int]()
        while seen is not None and id(seen) not in before:
            before.add(id(seen))  # an exception may be its own cause
            found = seen.__dict__.get("batch") if hasattr(seen, "__dict__") else None
            if isinstance(found, cls):
                return found
            # asyncio makes a KeyboardInterrupt of the cancellation that Ctrl-C was.
            seen = seen.__cause__ or seen.__context__
        return None

    def _again(self) -> Self:
        """A new batch of all items, of which is done what is done here."""
        again = type(self)(self._core, self._many, self._items, dict(self._keys))
        again.results, again.failures, again.not_tried = self.results, self.failures, self.not_tried
        return again

    @contextlib.contextmanager
    def _working(self) -> Generator[BatchQueue[T]]:
        """A tally of what is still to be done; at the end, however it comes, it is known what came of it."""
        with _told(self._many, self.total) as told:
            tally = self._tally(told)
            try:
                yield tally
            except BaseException as problem:
                self._settle(tally)
                self._attach(problem)
                raise
        self._settle(tally)

    def _tally(self, told: BatchProgress) -> BatchQueue[T]:
        many, before = self._many, len(self.results)
        retries = self._core.max_retries > 0

        def tell(done: int, failed: int, index: int) -> None:
            told(before + done, failed, self.total)
            if many.each is not None:
                many.each(index)

        def throttled(error: Exception) -> bool:
            return retries and isinstance(error, Error) and error.case.retry == "throttled"

        return BatchQueue(
            sorted({*self.failures, *self.not_tried}),
            workers=many.max_workers,
            told=tell,
            ends_all=many.ends_all,
            throttled=throttled,
            lock=threading.RLock(),
        )

    def _start(self, tally: BatchQueue[T]) -> Callable[[int], Flow[T]]:
        """What is done for the item of an index."""
        most = self._core.catalogue.retries.longest_retry_after if self._core.max_retries > 0 else 0.0

        def start(index: int) -> Flow[T]:
            return self._many.start(self._items[index], tally.keys.get(index, self._keys.get(index)))

        return through_open_circuits(start, most)

    def _settle(self, tally: BatchQueue[T]) -> None:
        """Take over what came of it."""
        self.results = dict(sorted({**self.results, **tally.results}.items()))
        self.failures = dict(sorted(tally.failures.items()))
        self.not_tried = tally.open
        self.stopped_by = tally.stopped_by
        # An item that was certainly not done is new the next time; for others the server must see that it is the same.
        for index in tally.todo:
            known = self._keys.get(index)
            error = self.failures.get(index)
            if error is None or may_have_happened(error, accepted=index in tally.accepted):
                known = tally.keys.get(index, known)
            elif index in tally.keys:
                known = None
            self._keys.pop(index, None)
            if known is not None and index not in self.results:
                self._keys[index] = known

    def _attach(self, problem: BaseException) -> None:
        """Let `of` find this batch."""
        # trio's cancellation is frozen, and leaves as it is.
        with contextlib.suppress(AttributeError):
            problem.batch = self  # type: ignore[attr-defined]
            problem.add_note(
                f"Of {self.total} items {len(self.results)} were done, {len(self.failures)} failed and "
                f"{len(self.not_tried)} remain; `{type(self).__name__}.of(e)` has them."
            )

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {self.total}: {len(self.results)} done, {len(self.failures)} failed, "
            f"{len(self.not_tried)} not tried>"
        )


class Batch(BatchOutcome[T]):
    """What became of the items of a batch, by index, in their order. `retry_failed()` does what is missing."""

    def retry_failed(self) -> Batch[T]:
        """Do again what failed and what was not tried, and nothing else; a new batch of all items.

        An item that may have been done is sent with the idempotency key of its last try.
        """
        return self._again().run()

    def run(self) -> Batch[T]:
        """Do what is to be done; `batch` and `retry_failed` call it."""
        with self._working() as tally:
            work_in_threads(self._core, tally, self._start(tally), "failwell-batch")
        return self


class AsyncBatch(BatchOutcome[T]):
    """What became of the items of a batch, by index, in their order. `await retry_failed()` does what is missing."""

    async def retry_failed(self) -> AsyncBatch[T]:
        """Do again what failed and what was not tried, and nothing else; a new batch of all items.

        An item that may have been done is sent with the idempotency key of its last try.
        """
        return await self._again().run()

    async def run(self) -> AsyncBatch[T]:
        """Do what is to be done; `batch` and `retry_failed` call it."""
        with self._working() as tally:
            await work_in_tasks(self._core, tally, self._start(tally))
        return self


class batched(  # noqa: N801 - used as a decorator
    Descriptor[S, P, BatchSpec[T], Batch[T], Coroutine[Any, Any, AsyncBatch[T]]], Generic[S, P, T]
):
    """Make a method that returns `BatchSpec` a batch of both colours.

    `client.images.describe_all(ids)` returns a `Batch`, awaiting an `AsyncBatch`. No failure of an item is raised.
    `client.images.describe_all.raises` is the tuple for what the items may fail with.
    """

    made = "BatchSpec"
    forms = (
        Form(lambda core, spec: begun(Batch, core, spec).run(), "Batch[{0}]"),
        Form(lambda core, spec: begun(AsyncBatch, core, spec).run(), "AsyncBatch[{0}]", coroutine=True),
    )

    def given(self, resource: Any) -> Any:
        """A resource whose calls wait together."""
        return super().given(paced(resource))


@overload
def batch(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # what is awaited comes first
    method: Method[..., Coroutine[Any, Any, T]],
    items: Iterable[Any],
    *,
    item: str | None = None,
    arguments: Mapping[str, Any] = NO_ARGUMENTS,
    max_workers: int = 8,
    progress: BatchProgress | Literal[False] | None = None,
    ends_all: Callable[[Exception], bool] = met_by_all,
) -> Coroutine[Any, Any, AsyncBatch[T]]: ...
@overload
def batch(
    method: Method[..., T],
    items: Iterable[Any],
    *,
    item: str | None = None,
    arguments: Mapping[str, Any] = NO_ARGUMENTS,
    max_workers: int = 8,
    progress: BatchProgress | Literal[False] | None = None,
    ends_all: Callable[[Exception], bool] = met_by_all,
) -> Batch[T]: ...
def batch(
    method: Any,
    items: Iterable[Any],
    *,
    item: str | None = None,
    arguments: Mapping[str, Any] = NO_ARGUMENTS,
    max_workers: int = 8,
    progress: BatchProgress | Literal[False] | None = None,
    ends_all: Callable[[Exception], bool] = met_by_all,
) -> Any:
    """Call a *method* of a client once for each of *items*, with several calls under way; no failure of one is raised.

    `batch(client.images.get, ids)`; with an `AsyncClient`, await it. Each item becomes the argument called *item*, by
    default the first that *arguments*, which are the same for all, do not name. Items may be the `remaining` of an
    earlier batch. At most *max_workers* calls are under way at once; when one is told to wait, the others wait, too, as
    they do while a circuit breaker is open, for as long as the longest Retry-After is waited for.

    *progress* is called with the items done, those of them that failed, and all; None is a bar on stderr, if that is a
    terminal and `rich` is installed, and False is silence. An error that *ends_all* picks stops the whole, and the rest
    is not tried; by default it is one that every item would meet: 401, 402, a longer wait than is ever waited.

    Ctrl-C, a cancellation and what *progress* raises leave as they are; `Batch.of(error)` has what was done.

    Raises:
        Error: the catalogue's "configuration" error, for arguments that cannot work.
        TypeError: *method* is no operation of a client.
    """
    author = getattr(method, "flow", None)
    resource = getattr(method, "__self__", None)
    if author is None or not isinstance(resource, Resource):
        raise TypeError(f"{method!r} is no operation of a client. Use one like client.images.get, without calling it.")
    together: Resource[Any] = paced(resource)
    parameters = [*inspect.signature(author).parameters][1:]
    each = item if item is not None else next((name for name in parameters if name not in arguments), None)
    if each is None or {each, *arguments} - {*parameters} or each in arguments:
        raise configuration_problem(
            resource.core.catalogue,
            f"item is {item!r} and arguments has {sorted(arguments)}; {method.__name__} takes {', '.join(parameters)}, "
            "one of them for the items.",
        )
    if "idempotency_key" in {each, *arguments}:
        raise configuration_problem(
            resource.core.catalogue, "idempotency_key is given; each item of a batch gets a key of its own."
        )
    keyed = "idempotency_key" in parameters

    def start(value: Any, key: str | None) -> Flow[Any]:
        known = {"idempotency_key": key} if keyed and key is not None else {}
        flow: Flow[Any] = author(together, **{**arguments, **known, each: value})
        return flow

    many: BatchSpec[Any] = BatchSpec(start, items, max_workers, progress, method.__name__, ends_all)
    kind = AsyncBatch if together.core.awaiting else Batch
    return begun(kind, together.core, many).run()


def begun(kind: type[Any], core: Core, many: BatchSpec[Any]) -> Any:
    """A batch of which nothing was done yet.

    Raises:
        Error: the catalogue's "configuration" error, for a number of workers or a progress that makes no sense.
    """
    check_batch(core, many.max_workers, many.progress)
    items = tuple(many.items)
    keys = {
        index: each.idempotency_key
        for index, each in enumerate(items)
        if isinstance(each, Remaining) and each.idempotency_key is not None
    }
    plain = tuple(each.item if isinstance(each, Remaining) else each for each in items)
    return kind(core, changed(many, items=plain), plain, keys)


def check_batch(core: Core, max_workers: object, progress: object) -> None:
    """Refuse what cannot work, before anything is sent.

    Raises:
        Error: the catalogue's "configuration" error.
    """
    if isinstance(max_workers, bool) or not isinstance(max_workers, int) or max_workers < 1:
        raise configuration_problem(
            core.catalogue, f"max_workers is {max_workers!r}; it must be a whole number from 1."
        )
    if not (progress is None or progress is False or callable(progress)):
        raise configuration_problem(core.catalogue, f"progress is {progress!r}; it must be a function, False or None.")
    if inspect.iscoroutinefunction(progress):
        raise configuration_problem(
            core.catalogue, "progress is a coroutine function, which nobody would await; it must be a plain one."
        )


@contextlib.contextmanager
def _told(many: BatchSpec[Any], total: int) -> Generator[BatchProgress]:
    """Whom to tell of each item."""
    progress = many.progress
    if callable(progress):
        yield progress
    elif progress is False:
        yield _nobody
    else:
        with progress_bar(many.title, total) as shown:
            yield _nobody if shown is None else lambda done, _failed, _total: shown(done)


def _nobody(_done: int, _failed: int, _total: int) -> None:
    """Nobody wants to know."""
