from __future__ import annotations

from typing import Annotated, Any

import pytest

import failwell
from failwell import Body, Case, Catalogue, CatalogueError, Local, Message, field
from failwell.wire import Detail
from pictograph.exceptions import (
    CATALOGUE,
    EVERYWHERE,
    ApiError,
    NotFoundError,
    PaymentRequiredError,
    PollTimeoutError,
)


class ShopError(failwell.Error):
    message: Message = field(kw_only=False)


class GoneError(ShopError, status=410): ...


class ClosedError(ShopError, status=503): ...


class LateError(ShopError, source="client", on="late"): ...


class ForeignError(failwell.Error, status=404):
    message: Message = field(kw_only=False)


def shop(*errors: type[failwell.Error], **more: Any) -> Catalogue:
    """A catalogue of these errors."""
    given: dict[str, Any] = {"base": ShopError, "default": ShopError, "errors": errors, "envelope": Detail()}
    return Catalogue("shop", **{**given, **more})


def test_what_an_operation_raises() -> None:
    """
    `raises` gives an operation's own errors, then those of any operation, in order and once each.
    """
    operations = {"get": (GoneError, ClosedError), "twice": (LateError, LateError)}
    found = shop(GoneError, ClosedError, LateError, operations=operations, everywhere=(LateError, ClosedError))

    assert (GoneError, ClosedError, LateError) == found.raises("get")
    assert (LateError, ClosedError) == found.raises("twice") == found.raises("unknown") == found.raises(None)


def test_what_pictograph_raises() -> None:
    """
    `training.create` documents `PaymentRequiredError`, and it is usable in an `except` clause.
    """
    documented = CATALOGUE.raises("training.create")

    assert documented[-len(EVERYWHERE) :] == EVERYWHERE
    assert len(documented) == len(set(documented))
    with pytest.raises(documented):
        raise PaymentRequiredError("Out of credits")


@pytest.mark.parametrize("operation", CATALOGUE.operations)
def test_every_documented_error_is_in_the_catalogue(operation: str) -> None:
    """
    An operation documents only errors of its own catalogue.
    """
    assert set(CATALOGUE.raises(operation)) <= set(CATALOGUE.errors)


@pytest.mark.parametrize(
    "given", [{"errors": (ForeignError,)}, {"errors": (), "default": ForeignError}], ids=["errors", "default"]
)
def test_a_class_outside_the_base(given: dict[str, Any]) -> None:
    """
    A class that the vendor's base does not catch is refused, with its source line.
    """
    with pytest.raises(CatalogueError, match=r"ForeignError \(.*test_catalogue\.py:\d+\) is not a ShopError"):
        shop(**given)


def test_a_required_field_that_a_silent_reply_cannot_fill() -> None:
    """
    A field without a default is refused, unless it says what a silent reply means or never travels.
    """

    class BadError(ShopError, status=409):
        number: Annotated[int, Body("number")]

    class GoodError(ShopError, status=409):
        number: Annotated[int, Body("number")] = field(missing=0)
        clerk: Annotated[str, Local()]

    with pytest.raises(CatalogueError, match=r"BadError\.number \(.*test_catalogue\.py:\d+\) has no default"):
        shop(BadError)
    assert GoodError is shop(GoodError).resolve(409)[0]


def test_a_class_below_a_written_constructor() -> None:
    """
    Below a hand-written constructor each class of the catalogue writes its own; both lines are named.
    """

    class WrittenError(ShopError, status=409):
        def __init__(self, message: str, *, size: int = 0) -> None:
            super().__init__(message)

    class InheritsError(WrittenError, status=413): ...

    with pytest.raises(CatalogueError, match=r"InheritsError \(.*:\d+\) stands below WrittenError \(.*:\d+\)"):
        shop(WrittenError, InheritsError)


def test_a_written_constructor_that_the_parser_cannot_call() -> None:
    """
    A constructor that asks for what is no field, or not by name, is refused: no reply could become that class.
    """

    class AsksError(ShopError, status=409):
        def __init__(self, message: str, size: int) -> None:
            super().__init__(message)

    class ByPlaceError(ShopError, status=409):
        def __init__(self, message: str, /) -> None:
            super().__init__(message)

    with pytest.raises(CatalogueError, match=r"AsksError.__init__ \(.*:\d+\) asks for 'size'"):
        shop(AsksError)
    with pytest.raises(CatalogueError, match=r"ByPlaceError.__init__ \(.*:\d+\) asks for 'message'"):
        shop(ByPlaceError)


def test_all_of_a_catalogue() -> None:
    """
    A catalogue lists its errors and claims, and prints how many.
    """
    assert "<Catalogue 'shop': 2 errors, 2 cases>" == repr(shop(GoneError, LateError))
    assert [GoneError, LateError] == [error for error, _ in shop(GoneError, LateError).cases()]
    assert NotFoundError in dict(CATALOGUE.cases())


class RefinedError(GoneError):
    """A user's own: it claims nothing, and is what its parent is."""


@pytest.mark.parametrize(
    ("error", "listed"),
    [
        (GoneError("m"), True),
        (RefinedError("m"), True),
        (ShopError("m"), True),
        (LateError("m"), True),
        (ClosedError("m"), False),
        (GoneError("m").become(Case("sold", 410)), False),
        (GoneError("m").become(Case(None, 410, operation="orders.get")), False),
        (GoneError("m").become(Case(None, 410, fix="Wait.")), True),
    ],
    ids=["listed", "subclass", "claims nothing", "does not travel", "left out", "code", "operation", "other words"],
)
def test_what_a_catalogue_lists(error: failwell.Error, listed: bool) -> None:
    """
    C8. An error is listed if its case is one of the catalogue's, or if it claims none.
    """
    assert listed == shop(GoneError, LateError).lists(error)


def test_case_of_an_occasion() -> None:
    """
    An error that no reply tells of is found with its case, which says what to do; an unknown one is the catch-all.
    """
    found = [CATALOGUE.raised_on(on) for on in ("batch_poll_timeout", "eclipse")]

    assert [(PollTimeoutError, "batch_poll_timeout"), (ApiError, None)] == [(cls, case.on) for cls, case in found]
    assert CATALOGUE.catch_all == found[1][1]


def test_what_its_module_declares() -> None:
    """
    Without `errors` a catalogue has the base and all that its module has declared below it so far, in that order.
    """
    declared = Catalogue("shop", base=ShopError, default=ShopError, envelope=Detail())

    assert (ShopError, GoneError, ClosedError, LateError) == declared.errors[:4]
    assert ForeignError not in declared.errors
