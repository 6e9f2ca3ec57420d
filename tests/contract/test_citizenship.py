from __future__ import annotations

import contextlib
import copy
import functools
import multiprocessing
import pickle
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor

import pytest

from failwell import Error
from tests.contract.samples.instances import CLASSES, bare, example, facts, give_back, raise_example, through_pickle

EVERY = pytest.mark.parametrize("name", CLASSES)


JOURNEYS: dict[str, Callable[[Error], Error]] = {
    **{
        f"pickle {protocol}": functools.partial(through_pickle, protocol=protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@EVERY
@pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS)
def test_pickle_and_copy(name: str, journey: Callable[[Error], Error]) -> None:
    """
    C5. Every error survives pickle, copy and deepcopy: `str`, `args`, notes and every documented attribute.
    """
    error = example(name)
    there = journey(error)

    assert error is not there
    assert facts(error) == facts(there)
    assert ["a note"] == there.__notes__
    assert facts(error) == facts(journey(there))


@EVERY
def test_pickle_of_a_bare_error(name: str) -> None:
    """
    An error that was never part of a call survives as well.
    """
    assert facts(bare(name)) == facts(through_pickle(bare(name)))


@EVERY
def test_pickle_while_it_is_raised(name: str) -> None:
    """
    C5. An error that was raised inside `except` can be pickled where it is caught.
    """
    with pytest.raises(CLASSES[name]) as caught:
        raise_example(name)

    assert isinstance(caught.value.__cause__, KeyError)
    assert facts(example(name)) == facts(through_pickle(caught.value))


@EVERY
def test_pickle_of_a_case(name: str) -> None:
    """
    An error remembers which case it is.
    """
    for case in CLASSES[name].cases:
        error = bare(name).with_case(case.code, case.status if isinstance(case.status, int) else None)

        assert error.case == through_pickle(error).case == copy.deepcopy(error).case


def test_deepcopy_shares_nothing() -> None:
    """
    A deep copy has maps and lists of its own.
    """
    error = example("scopix-ValidationError")
    there = copy.deepcopy(error)
    vars(there)["details"]["k"] = "changed"

    assert "changed" != vars(error)["details"].get("k")


@pytest.mark.slow
def test_a_spawned_process() -> None:
    """
    C5. Every error comes back from a spawned process, raised or returned, as it was.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        raised = {name: pool.submit(raise_example, name).exception() for name in CLASSES}
        returned = dict(zip(CLASSES, pool.map(give_back, map(example, CLASSES), chunksize=20), strict=True))

    for name in CLASSES:
        error = raised[name]
        assert isinstance(error, Error)
        assert facts(example(name)) == facts(error) == facts(returned[name])


@EVERY
def test_contextmanager(name: str) -> None:
    """
    C5. An error passes through `contextlib.contextmanager` as itself.
    """
    error = example(name)

    @contextlib.contextmanager
    def managed() -> Generator[None]:
        yield

    with pytest.raises(CLASSES[name]) as caught, managed():
        raise error

    assert error is caught.value


@EVERY
def test_groups(name: str) -> None:
    """
    C5. An error can be in a group, is picked out by `except*`, and a pickled group gives it back.
    """
    error = example(name)
    picked: list[BaseException] = []
    group = ExceptionGroup("several", [error, KeyError("k")])
    try:
        raise group
    except* CLASSES[name] as found:
        picked += found.exceptions
    except* KeyError:
        pass
    matched, rest = group.split(CLASSES[name])

    assert [error] == picked
    assert matched is not None
    assert rest is not None
    assert (1, 1) == (len(matched.exceptions), len(rest.exceptions))
    there = through_pickle(group).exceptions[0]
    assert isinstance(there, CLASSES[name])
    assert facts(error) == facts(there)


@EVERY
def test_identity(name: str) -> None:
    """
    C5. Errors are hashed and compared by identity: two alike are two.
    """
    error, other = example(name), example(name)

    assert 2 == len({error, other, error})
    assert error != other
    assert error == error  # noqa: PLR0124 - that it equals itself is the promise


@EVERY
def test_what_it_prints(name: str) -> None:
    """
    An error prints its message, and its type with it in a traceback.
    """
    error = bare(name)

    assert "täxt" in str(error)
    assert "täxt" == error.args[0]
    assert repr(error).startswith(f"{type(error).__name__}(")


def test_with_traceback_and_cause() -> None:
    """
    `with_traceback`, `raise ... from` and `add_note` work as on any exception.
    """
    error, cause = bare("pictograph-NotFoundError"), KeyError("k")
    with pytest.raises(CLASSES["pictograph-NotFoundError"]) as caught:
        raise error.with_traceback(None) from cause

    assert cause is caught.value.__cause__
