from __future__ import annotations

import json
from typing import Any

import pytest

import failwell
from failwell import Case, Catalogue, CatalogueError, HeaderNames, RetryRules
from failwell.wire import Reply, parse_reply
from failwell.wire.contracts import catalogue_of
from failwell.wire.envelopes import Detail, ErrorObject
from pictograph.exceptions import CATALOGUE as PICTOGRAPH


class HouseError(failwell.Error):
    """Whatever happens in the house."""


class BusyError(HouseError, status=503, retry="transient"):
    """Both APIs may be busy."""


class OrderError(HouseError): ...


class OutOfStockError(OrderError, status=409, code="out_of_stock"): ...


class OrderGoneError(OrderError, status=404): ...


class PaymentError(HouseError): ...


class CardRefusedError(PaymentError, status=402): ...


class PaymentGoneError(PaymentError, status=404): ...


class PaymentGoneThereError(PaymentError, cases=(Case(status=404, operation="payments"),)): ...


def orders(*errors: type[failwell.Error], **more: Any) -> Catalogue:
    """The catalogue of the orders."""
    given: dict[str, Any] = {"base": HouseError, "default": HouseError, "envelope": ErrorObject()}
    given["errors"] = (OutOfStockError, BusyError, *errors)
    return Catalogue("orders", **{**given, **more})


def payments(*errors: type[failwell.Error], **more: Any) -> Catalogue:
    """That of the payments."""
    given: dict[str, Any] = {"base": HouseError, "default": HouseError, "envelope": ErrorObject()}
    given["errors"] = (CardRefusedError, BusyError, *errors)
    return Catalogue("payments", **{**given, **more})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"error": {"code": "out_of_stock"}}, OutOfStockError),
        (402, {}, CardRefusedError),
        (503, {}, BusyError),
        (418, {}, HouseError),
    ],
)
def test_classes_of_both(status: int, body: Any, expected: type[failwell.Error]) -> None:
    """
    A joined catalogue reads the errors of all; a class that stands in several is one, and what nobody claims the base.
    """
    joined = Catalogue.join(orders(), payments())
    error = parse_reply(Reply(status, {}, json.dumps(body)), joined)

    assert ("orders + payments", expected) == (joined.name, type(error))


def test_bases() -> None:
    """
    Catalogues with different bases are joined below what these have in common; their own bases stay in it.
    """
    joined = Catalogue.join(
        orders(base=OrderError, default=OrderError, errors=(OutOfStockError,)),
        payments(base=PaymentError, default=PaymentError, errors=(CardRefusedError,)),
        name="house",
    )

    assert (HouseError, HouseError, "house") == (joined.base, joined.default, joined.name)
    assert (OrderError, OutOfStockError, PaymentError, CardRefusedError) == joined.errors


def test_nothing_in_common() -> None:
    """
    Two vendors have `failwell.Error` in common.
    """
    joined = Catalogue.join(PICTOGRAPH, orders(), **{name: getattr(PICTOGRAPH, name) for name in SETTINGS})

    assert failwell.Error is joined.base is joined.default
    assert {*PICTOGRAPH.errors} < {*joined.errors}


SETTINGS = ("envelope", "retries", "resilience", "idempotency", "body_cap", "docs", "headers", "status_decides")


def test_one() -> None:
    """
    One catalogue, also given twice, is as it was.
    """
    one = orders()
    joined = Catalogue.join(one, one)

    assert (one.name, one.base, one.errors) == (joined.name, joined.base, joined.errors[1:])


def test_operations() -> None:
    """
    Each operation may raise what it may in its own catalogue, and no more.
    """
    joined = Catalogue.join(
        orders(operations={"orders.create": OutOfStockError}, everywhere=(BusyError, OutOfStockError)),
        payments(operations={"payments.create": CardRefusedError}, everywhere=BusyError),
    )

    assert (OutOfStockError, BusyError) == joined.raises("orders.create")
    assert (CardRefusedError, BusyError) == joined.raises("payments.create")
    assert (BusyError,) == joined.raises("another")


@pytest.mark.parametrize(
    ("setting", "mine", "theirs"),
    [
        ("envelope", Detail(), ErrorObject()),
        ("envelope", Detail(), Detail(code="kind")),
        ("headers", HeaderNames(), HeaderNames(request_id="X-Trace")),
        ("retries", RetryRules(), RetryRules(max_retries=1)),
        ("idempotency", "server", None),
        ("status_decides", True, False),
        ("docs", None, "https://docs.test/errors"),
    ],
)
def test_settings_that_differ(setting: str, mine: Any, theirs: Any) -> None:
    """
    Settings that differ are refused, with both catalogues and what to say; said, they hold.
    """
    one, other = orders(**{setting: mine}), payments(**{setting: theirs})

    with pytest.raises(CatalogueError) as caught:
        Catalogue.join(one, other)
    for part in (setting, "'orders'", "'payments'", f"Catalogue.join(..., {setting}=...)"):
        assert part in str(caught.value)
    assert mine is getattr(Catalogue.join(one, other, **{setting: mine}), setting)


def test_conflict() -> None:
    """
    Two classes for the same are named with both catalogues and both lines, and so is the way out, which works.
    """
    with pytest.raises(CatalogueError) as caught:
        Catalogue.join(orders(OrderGoneError), payments(PaymentGoneError))

    said = str(caught.value)
    for part in ("404 is OrderGoneError", "'orders' and PaymentGoneError", "'payments'", 'operation="orders"'):
        assert part in said
    assert (OrderGoneError.declared_at in said, PaymentGoneError.declared_at in said) == (True, True)
    joined = Catalogue.join(orders(OrderGoneError), payments(PaymentGoneThereError))
    assert PaymentGoneThereError is joined.resolve(404, operation="payments.get")[0]
    assert OrderGoneError is joined.resolve(404, operation="orders.get")[0]


@pytest.mark.parametrize("what", ["operations", "resources"])
def test_one_name_twice(what: str) -> None:
    """
    An operation or a resource that means two things is refused, with its name and both catalogues.
    """
    mine = {"operations": {"create": OutOfStockError}, "resources": {"create": "/orders/{order}"}}
    theirs = {"operations": {"create": CardRefusedError}, "resources": {"create": "/payments/{payment}"}}

    with pytest.raises(CatalogueError, match=f"Both 'orders' and 'payments' have 'create' in their {what}"):
        Catalogue.join(orders(**{what: mine[what]}), payments(**{what: theirs[what]}))


def test_nothing() -> None:
    """
    To join nothing is refused.
    """
    with pytest.raises(CatalogueError, match="takes catalogues"):
        Catalogue.join()


def test_given_to_a_client() -> None:
    """
    A joined catalogue is a contract as any other.
    """
    joined = Catalogue.join(orders(), payments())

    assert joined is catalogue_of(joined)
