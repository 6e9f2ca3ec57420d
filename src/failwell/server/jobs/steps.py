"""Durable steps of a job: after a crash their results are read, nothing is done again."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from contextvars import ContextVar
from typing import ParamSpec, TypeVar, cast

from failwell._support.exception_fields import ExceptionFields
from failwell.server.jobs.store import JobStore, LostJobError
from failwell.server.storage.transient_errors import patient

P = ParamSpec("P")
T = TypeVar("T")


class ChangedWorkflowError(ExceptionFields, Exception):
    """A workflow takes another step than it took before: it was changed while the *job* went on."""

    job: str
    number: int
    name: str
    before: str
    template = "Step {number} of job {job} is {name}, and was {before} before. Keep the old order."


_key: ContextVar[str | None] = ContextVar("failwell_step_key", default=None)


def step_key() -> str | None:
    """The key of the step that is done: of its job and its number, the same however often it is done again.

    A side effect that is done under it, as an idempotency key or in a unique column, is done once. None outside of one.
    """
    return _key.get()


class Memory:
    """A `Step` of *job*: calls a function, and remembers in *store* how it went; or reads how it had gone."""

    def __init__(self, store: JobStore, job: str) -> None:
        self._store = store
        self._job = job
        self._next = 0

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What *function* returns or raises, or did before.

        Raises:
            LostJobError: another worker has taken the job over.
        """
        number, self._next = self._next, self._next + 1
        name = getattr(function, "__name__", "step")
        what = f"Job {self._job}"
        known = patient(what, self._store.outcome, self._job, number)
        if known is None:
            return self._first(number, name, what, lambda: function(*args, **kwargs))
        if known[0] != name:
            raise ChangedWorkflowError(self._job, number, name, known[0])
        well, result = pickle.loads(known[1])  # noqa: S301 - what `_first` has written into our own folder
        if well:
            return cast("T", result)
        raise result

    def _first(self, number: int, name: str, what: str, function: Callable[[], T]) -> T:
        before = _key.set(f"{self._job}:{number}")
        try:
            result = patient(what, function)
        except LostJobError:
            raise
        except Exception as problem:
            # Remembered too: a workflow that knows what to do about it must not see another outcome the next time.
            with contextlib.suppress(*_UNPICKLABLE):
                patient(what, self._store.keep, self._job, number, name, pickle.dumps((False, problem)))
            raise
        finally:
            _key.reset(before)
        patient(what, self._store.keep, self._job, number, name, pickle.dumps((True, result)))
        return result


_UNPICKLABLE = (pickle.PicklingError, AttributeError, TypeError)
"""What `pickle` raises about an exception that it cannot write."""
