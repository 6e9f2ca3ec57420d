from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import cast

import pytest

from failwell import Error
from failwell.wire import parse_reply, render_error, snapshot
from pictograph.exceptions import CATALOGUE, NotFoundError, PaymentRequiredError, RateLimitError
from scopix import exceptions as scopix
from tests.contract.samples.instances import facts, through_pickle


class MissingDatasetError(NotFoundError):
    """A subclass as a user writes one: nothing but a name."""


class MissingScanError(scopix.ResourceNotFoundError):
    """The same below a hand-written constructor."""


class NoCreditError(PaymentRequiredError):
    """With a field more."""

    team: str = "unknown"


class ImpatientError(RateLimitError):
    """With a constructor of its own."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"wait {minutes} minutes", retry_after=minutes * 60)
        self.minutes = minutes


# Below a hand-written constructor, checkers make one up from the fields; the one that runs is the parent's.
missing_scan = cast("Callable[..., Error]", MissingScanError)

ERRORS: dict[str, Error] = {
    "bare": MissingDatasetError("No such dataset", error_code="gone"),
    "below a written constructor": missing_scan("scan", "s1", details={"k": 1}),
    "with a field": NoCreditError("Out of credits", required=5, team="blue"),
    "with a constructor": ImpatientError(2),
}


@pytest.mark.parametrize("cls", [MissingDatasetError, MissingScanError])
def test_it_keeps_its_parents_constructor(cls: type[Error]) -> None:
    """
    A user's own subclass is made as its parent is.
    """
    assert inspect.signature(cls.__mro__[1]) == inspect.signature(cls)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_it_claims_nothing(error: Error) -> None:
    """
    It claims no status and no code, and has its parent's cases.
    """
    parent = type(error).__mro__[1]
    assert issubclass(parent, Error)

    assert ((), parent.cases, parent.source) == (type(error).claims, type(error).cases, type(error).source)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_it_travels_as_its_parent(error: Error) -> None:
    """
    Rendering it uses the parent's case; the parser builds the parent.
    """
    contract = scopix.CATALOGUE if isinstance(error, scopix.ScopixError) else CATALOGUE
    arrived = parse_reply(render_error(error, contract), contract)

    assert type(error).__mro__[1] is type(arrived)
    assert (error.case, error.args) == snapshot(arrived)[1:3]


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_it_is_a_citizen(error: Error) -> None:
    """
    It survives pickle and copies with what its own constructor and fields set.
    """
    for there in (through_pickle(error), copy.copy(error), copy.deepcopy(error)):
        assert facts(error) == facts(there)


def test_its_own_field_and_constructor() -> None:
    """
    A field and a constructor of its own work as in any dataclass and any exception.
    """
    assert ("blue", 5, "unknown") == (
        NoCreditError("m", required=5, team="blue").team,
        NoCreditError("m", required=5).required,
        NoCreditError("m").team,
    )
    assert (120, 2, "wait 2 minutes", 429) == (
        ImpatientError(2).retry_after,
        ImpatientError(2).minutes,
        str(ImpatientError(2)),
        ImpatientError(2).status_code,
    )
