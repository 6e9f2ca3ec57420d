from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from failwell import Case, HeaderNames, RetryRules
from failwell._support.frozen import Frozen, changed
from failwell.wire.messages import Reply


def shout(text: str) -> str:
    """A default that is a function."""
    return text.upper()


class Point(Frozen):
    """A place."""

    dimensions: ClassVar[int] = 2
    x: int
    y: int = 0
    said: Callable[[str], str] = shout


class NamedPoint(Point):
    """A place with a name."""

    name: str = "somewhere"


class Other(Frozen):
    x: int
    y: int = 0
    said: Callable[[str], str] = shout


def test_it_holds_what_it_was_given() -> None:
    """
    A value takes its fields in order or by name, and fills in the defaults; one that is a function is no method.
    """
    assert (1, 2) == (Point(1, 2).x, Point(1, y=2).y)
    assert (0, "A", 2) == (Point(x=1).y, Point(1).said("a"), Point.dimensions)
    assert (1, "there") == (NamedPoint(1, name="there").x, NamedPoint(1, 2, shout, "there").name)


@pytest.mark.parametrize(
    ("args", "given"),
    [((), {}), ((1, 2, shout, 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1}), ((), {"x": 1, "_x": 1})],
)
def test_what_it_is_not_given(args: tuple[Any, ...], given: dict[str, Any]) -> None:
    """
    A field that is missing, there twice or unknown is refused, in words that say what is taken.
    """
    with pytest.raises(TypeError, match=r"Point\(x, y=\.\.\., said=\.\.\.\) was given \S+"):
        Point(*args, **given)


def test_it_is_compared_by_what_it_holds() -> None:
    """
    Two values of one class that hold the same are equal and have the same hash, whether a default was given or not.
    """
    assert (Point(1), hash(Point(1))) == (Point(1, 0), hash(Point(1, 0)))
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)


def test_it_cannot_be_changed() -> None:
    """
    No field of a value is set or deleted.
    """
    case: Any = Case("gone", 410)

    with pytest.raises(dataclasses.FrozenInstanceError, match=r"Case\.code cannot be changed"):
        case.code = "here"
    with pytest.raises(AttributeError):
        del case.status

    assert Case("gone", 410) == case


def test_a_changed_copy() -> None:
    """
    `changed` and `dataclasses.replace` make a new value; the old one stays.
    """
    rules = RetryRules()

    assert RetryRules(max_retries=5) == changed(rules, max_retries=5) == dataclasses.replace(rules, max_retries=5)
    assert RetryRules() == rules
    with pytest.raises(TypeError, match="was given"):
        changed(rules, retries=5)


def test_a_default_without_a_hash() -> None:
    """
    `dataclasses.replace` works, too, where a default is a mapping, which `dataclass` would refuse as one.
    """
    reply = dataclasses.replace(Reply(200), status=201)

    assert (Reply(201), {}) == (reply, dict(reply.headers))
    assert "headers" in inspect.signature(Reply).parameters


def test_dataclasses_knows_it() -> None:
    """
    `fields` and `asdict` work as with a dataclass, also on a class below another.
    """
    assert ["x", "y", "said"] == [field.name for field in dataclasses.fields(Point)]
    assert ["x", "y", "said", "name"] == [field.name for field in dataclasses.fields(NamedPoint(1))]
    assert {
        "request_id": "X-A",
        "idempotency_key": "Idempotency-Key",
        "replayed": "Idempotent-Replayed",
        "side_effect": "Side-Effect",
    } == (dataclasses.asdict(HeaderNames("X-A")))


def test_how_it_is_made_can_be_looked_up() -> None:
    """
    `help` and `inspect` show the fields, with their types and defaults.
    """
    code, *_, cause = inspect.signature(Case).parameters.values()

    assert ("code", "effect", None) == (code.name, cause.name, cause.default)
    assert "max_retries: 'int' = 3" in str(inspect.signature(RetryRules))


def test_it_matches_by_position() -> None:
    """
    A `match` takes a value apart in the order of its fields.
    """
    match Case("gone", 410):
        case Case(code, status):
            assert ("gone", 410) == (code, status)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_pickled(protocol: int) -> None:
    """
    A value survives pickle and copies.
    """
    case = Case("gone", 410, fix="Look elsewhere.")

    assert case == pickle.loads(pickle.dumps(case, protocol))  # noqa: S301 - our own
    assert case == copy.copy(case) == copy.deepcopy(case)


def test_a_pickle_of_before_a_field_was_added() -> None:
    """
    A pickle of release 0.1 holds the fields in a list; those that it did not have yet are filled in.
    """
    case = Case.__new__(Case)
    case.__setstate__(["gone", 410])

    assert Case("gone", 410) == case


def test_it_prints() -> None:
    """
    Its repr is how it is made.
    """
    assert (
        "Case(code='gone', status=410, fix=None, on=None, operation=None, retry=None, layer=None, cause=None, "
        "effect=None)" == repr(Case("gone", 410))
    )
