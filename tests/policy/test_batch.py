from __future__ import annotations

import copy
import pickle
from typing import Annotated, Any

import pytest

from failwell import BatchError, Case, Catalogue, Error, Local, Message, field
from failwell.contract.evidence import Attempt, Suppression
from failwell.policy.batch import BatchQueue, Remaining, Unpicklable, failed_batch, may_have_happened, met_by_all
from failwell.wire import Detail
from subconscious import SubconsciousError, exceptions as subconscious
from tests.shop import (
    CATALOGUE,
    ApiError,
    AuthError,
    ConfigurationError,
    ConflictError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ValidationError,
)

NO_ANSWER = subconscious.CATALOGUE.raised_on("network")[1]
"""The case of a class whose other cases are replies."""

Told = list[tuple[int, int, int]]


def tally(todo: int = 5, workers: int = 2, **settings: Any) -> tuple[BatchQueue[str], Told]:
    """A tally of *todo* items, and what it tells."""
    told: Told = []
    made: BatchQueue[str] = BatchQueue(range(todo), workers=workers, told=lambda *facts: told.append(facts), **settings)
    return made, told


def test_one_after_the_other() -> None:
    """
    Indexes are given out in order, as many at once as there are workers.
    """
    book, told = tally()

    assert [0, 1, None] == [book.next(), book.next(), book.next()]
    book.done(1, "one")
    assert [2, None] == [book.next(), book.next()]
    book.failed(0, NotFoundError("no"))
    assert [(1, 0, 1), (2, 1, 0)] == told
    assert ({1: "one"}, [0], (2, 3, 4)) == (book.results, [*book.failures], book.open)


def test_what_all_would_meet_ends_the_whole() -> None:
    """
    After an error that all would meet nothing is started; what is under way is still noted.
    """
    book, _ = tally()
    book.next()
    book.next()
    book.failed(0, PaymentRequiredError("no credits"))
    book.done(1, "one")

    assert (None, 0, {1: "one"}, (2, 3, 4)) == (book.next(), book.stopped_by, book.results, book.open)


def test_after_an_interruption() -> None:
    """
    After an interruption nothing is started; the first one counts.
    """
    book, _ = tally()
    book.next()
    first = KeyboardInterrupt()
    book.interrupt(first)
    book.interrupt(SystemExit())

    assert (None, first, (0, 1, 2, 3, 4)) == (book.next(), book.problem, book.open)


def test_items_that_are_told_to_wait() -> None:
    """
    An item that was only told to wait goes to the end of the queue, and half as many are under way from then on.
    """
    book, told = tally(todo=4, workers=4, throttled=lambda error: isinstance(error, RateLimitError))
    assert [0, 1, 2, 3] == [book.next() for _ in range(4)]
    book.failed(0, RateLimitError("wait"))
    assert (2, None) == (book.at_most, book.next())  # three are under way
    book.failed(1, RateLimitError("wait"))
    book.done(2, "two")
    assert (1, None) == (book.at_most, book.next())  # and one is enough
    book.done(3, "three")
    assert [0, None] == [book.next(), book.next()]
    book.done(0, "zero")
    assert [1, None] == [book.next(), book.next()]
    book.done(1, "one")

    assert ([2, 3, 0, 1], {}) == ([index for _, _, index in told], book.failures)


def test_waiting_comes_to_an_end() -> None:
    """
    An item that is told to wait again and again fails at last.
    """
    book, _ = tally(todo=1, workers=1, throttled=lambda _error: True)
    tries = 0
    while (index := book.next()) is not None:
        tries += 1
        book.failed(index, RateLimitError("wait"))

    assert (6, [0]) == (tries, [*book.failures])


def suppression(by: Any) -> Error:
    """A 429 after which no try was made."""
    error = RateLimitError("wait", retry_after=300)
    error.suppression = Suppression(by, "too long", 300.0)
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AuthError("no"), True),
        (PaymentRequiredError("no"), True),
        (ConfigurationError("no"), True),
        pytest.param(suppression("retry_after"), True, id="retry_after"),
        pytest.param(suppression("pacing"), True, id="pacing"),
        pytest.param(suppression("budget"), False, id="budget"),
        (RateLimitError("wait"), False),
        (NotFoundError("no"), False),
        (ServerError("down"), False),
        (NetworkError("cut"), False),
        (OSError("no"), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else repr(value)[:30],
)
def test_met_by_all(error: Exception, expected: bool) -> None:
    """
    All would meet a bad key, missing credit, a client that cannot work, and a wait that is longer than any.
    """
    assert expected == met_by_all(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NetworkError("cut"), True),
        (RequestTimeoutError("late"), True),
        (SubconsciousError("service_unavailable", "cut", 0).become(NO_ANSWER), True),
        (SubconsciousError("permission_denied", "no", 403), False),
        (ServerError("down"), True),
        (ConflictError("still running").with_case("idempotency_in_progress"), True),
        (ConflictError("there").with_case("duplicate_name"), False),
        (ValidationError("bad"), False),
        (RateLimitError("wait"), False),
        (ValueError("bad"), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else repr(value)[:40],
)
def test_may_have_happened(error: Exception, expected: bool) -> None:
    """
    What got no answer, a 5xx, or an answer that it still runs, may have been done.
    """
    assert expected == may_have_happened(error)


def told(error: Error, status: int) -> Error:
    """*error*, read from a reply of *status*."""
    error.attempts = (Attempt(status, 0.0, f"status {status}", None),)
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PollTimeoutError("late", timeout=1), True),
        (told(NotFoundError("gone"), 404), True),
        (OSError("the disk is full"), True),
        (told(ApiError("unreadable", status_code=200), 200), True),
        (told(ValidationError("the job failed"), 200), False),
    ],
    ids=lambda value: value if isinstance(value, bool) else repr(value)[:40],
)
def test_what_was_accepted(error: Exception, expected: bool) -> None:
    """
    What was accepted has happened whatever came afterwards, unless the server says that it failed.
    """
    assert expected == may_have_happened(error, accepted=True)


def missing(**settings: Any) -> Any:
    """The error of a batch of 10, of which 2 failed and one was not tried."""
    failures = {3: NotFoundError("no img_3"), 7: NetworkError("cut")}
    remaining = (Remaining(3, "img_3"), Remaining(7, "img_7", "key-7"), Remaining(9, "img_9"))
    return failed_batch(
        settings.get("catalogue", CATALOGUE), 10, failures, settings.get("remaining", remaining), {0: "zero"}
    )


def test_the_error_of_a_batch() -> None:
    """
    The error says how many failed and were not tried, what the first met, and has all of it by index.
    """
    error = missing()

    assert "2 of 10 items failed and 1 was not tried; item 3: NotFoundError: no img_3" == str(error)
    assert (BatchError, 10, [3, 7]) == (type(error), error.total, [*error.failures])
    assert Remaining(7, "img_7", "key-7") == error.remaining[1]
    assert ("client", "batch", {0: "zero"}) == (error.source, error.case.on, error.partial_results)


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])  # noqa: S301
def test_it_travels(copied: Any) -> None:
    """
    C5. The error of a batch pickles and copies, with the errors in it.
    """
    error = missing()
    error.add_note("and a note")
    same = copied(error)

    assert (str(error), error.__notes__, error.remaining) == (str(same), same.__notes__, same.remaining)
    assert {3: "no img_3", 7: "cut"} == {index: str(each) for index, each in same.failures.items()}
    assert [NotFoundError, NetworkError] == [type(each) for each in same.failures.values()]


def test_items_that_cannot_be_pickled() -> None:
    """
    C5. An item that cannot be pickled does not keep the error from it: its text stands for it.
    """
    item = lambda: None  # noqa: E731 - what pickle refuses
    loaded = pickle.loads(pickle.dumps(missing(remaining=(Remaining(3, item), Remaining(7, "img_7")))))  # noqa: S301

    assert (Unpicklable(repr(item)), "img_7") == (loaded.remaining[0].item, loaded.remaining[1].item)


class TwoFoldError(ValueError):
    """Somebody's own error, which a pickle does not give back."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def test_errors_that_cannot_be_pickled() -> None:
    """
    C5. Nor does an error of an item: its text stands for it.
    """
    error = BatchError("1 of 2 items failed", total=2, failures={1: TwoFoldError("this", "that")})
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert [(ValueError, "TwoFoldError('this and that')")] == [(type(e), str(e)) for e in loaded.failures.values()]


class DepotError(Error):
    """Base."""

    message: Message = field(kw_only=False)


class HalfDoneError(DepotError, source="client", cases=(Case(on="batch", fix="Try the rest."),)):
    """Some are missing."""

    failures: Annotated[dict[int, Any], Local()] = field(default_factory=dict)
    partial_results: Annotated[Any, Local()] = None


DEPOT = Catalogue("depot", base=DepotError, default=DepotError, errors=(DepotError, HalfDoneError), envelope=Detail())


def test_a_class_of_the_catalogue() -> None:
    """
    A catalogue that has a class for the occasion "batch" has that one raised, with the fields that it declares.
    """
    error = missing(catalogue=DEPOT)

    assert (HalfDoneError, [3, 7], {0: "zero"}, "Try the rest.") == (
        type(error),
        [*error.failures],
        error.partial_results,
        error.case.fix,
    )
    assert not hasattr(error, "remaining")
