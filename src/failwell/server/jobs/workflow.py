"""Workflows of durable steps, the kinds of jobs, and the workload of a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeAlias, TypeVar

from failwell.server.jobs.store import JobStore

P = ParamSpec("P")
T = TypeVar("T")

READY = "ready"
"""What a worker says to who started it once it can work; anything else is why it cannot."""


class Step(Protocol):
    """Calls a function and remembers its result: after a crash it is not called again, the result is read.

    A function that was interrupted is called again, so it must come to the same when its first half was done already.
    """

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What *function* returns, or returned; it can be pickled."""
        ...


Workflow: TypeAlias = Callable[[Step, str], None]
"""Does the job of an id, step by step. Between its steps it does nothing but decide what comes next."""


@dataclass(frozen=True)
class JobKind:
    """One kind of job: its *workflow*, and how many of them may run *at_once*; the others wait for their turn.

    A job in whose step the process died by itself more than *most_crashes* times, without a step done in between, is
    given up: it may be what ends the process. Orderly ends are not counted, of which there may be any number.
    """

    workflow: Workflow
    at_once: int = 2
    most_crashes: int = 5


@dataclass(frozen=True)
class Workload:
    """All that the worker of one data folder does, and how it hears of it.

    *unfinished* tells the kind and the id of every job that was accepted and has not ended, oldest first: the rows of
    your own tables, written in the transaction that accepted the job, so that none is lost in between. *give_up* ends
    the job of a kind and an id for the reason given: its workflow raised, or may be what ends the process. A job that
    has ended stays as it is.

    *store* remembers the steps; without one they are in the data folder, of which one worker works at a time. With one
    that hosts share, *unfinished* is asked by all of them: your tables are shared as well then.
    """

    kinds: Mapping[str, JobKind]
    unfinished: Callable[[], Iterable[tuple[str, str]]]
    give_up: Callable[[str, str, str], None]
    store: JobStore | None = None


def immediately(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The `Step` of who remembers nothing: tests, and scripts that do a job here and now."""
    return function(*args, **kwargs)
