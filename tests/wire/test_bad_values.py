from __future__ import annotations

import enum
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from failwell import Catalogue, Error
from failwell.wire import Detail, ErrorObject, Problem, parse_reply, render_error, snapshot
from pictograph.exceptions import AuthError, PaymentRequiredError, RateLimitError, ValidationError
from tests.contract.samples import CATALOGUES
from tests.contract.samples.parcels_sample import LostError, RefusedError, catalogue


class Unspeakable:
    """An object that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Incomparable:
    """An object that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        return 0

    def __str__(self) -> str:
        return "incomparable"


class Color(str, enum.Enum):  # noqa: UP042 - the older form, whose str() is its name
    RED = "red"


def nested(levels: int, inner: Any) -> Any:
    """*inner* below so many lists."""
    for _ in range(levels):
        inner = [inner]
    return inner


def inside_itself() -> list[Any]:
    """A list that holds itself, twice."""
    found: list[Any] = ["in itself"]
    found += [found, found]
    return found


# What a field without a type of its own arrives as.
ANYTHING: list[tuple[str, Any, Any]] = [
    ("NaN", float("nan"), None),
    ("infinity", float("inf"), None),
    ("minus infinity", float("-inf"), None),
    ("NaN inside", {"a": [float("nan")]}, {"a": [None]}),
    ("bytes", b"caf\xc3\xa9", "café"),
    ("bytes, not UTF-8", b"\xff", "�"),
    ("tuple", (1, (2,)), [1, [2]]),
    ("set", {7}, [7]),
    ("int keys", {1: "a"}, {"1": "a"}),
    ("odd keys", {None: 1, True: 2, (1, 2): 3}, {"null": 1, "true": 2, "(1, 2)": 3}),
    ("lone surrogate", "x\ud800y", "x�y"),
    ("lone surrogate as key", {"\udfff": 1}, {"�": 1}),
    ("surrogate pair", "\ud83d\ude00", "😀"),
    ("400 digits", 10**400, hex(10**400)),
    ("6000 digits", 10**6000, hex(10**6000)[:2045] + "…"),
    ("360 digits", 10**360, 10**360),
    ("deep", nested(100_000, "deep"), nested(20, "…")),
    ("in itself", inside_itself(), ["in itself", "…", "…"]),
    ("unspeakable", Unspeakable(), "<Unspeakable>"),
    ("unspeakable inside", [Unspeakable()], ["<Unspeakable>"]),
    ("incomparable", Incomparable(), "incomparable"),
    ("enum", Color.RED, "red"),
    ("date", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    ("decimal", Decimal("1.50"), "1.50"),
    ("long text", "x" * 5000, "x" * 2045 + "…"),
    ("long text in list", ["x" * 5000], ["x" * 2045 + "…"]),
    ("long list", [0] * 1000, [0] * 100),
    ("long map", {f"k{n:03}": None for n in range(1000)}, {f"k{n:03}": None for n in range(100)}),
]

# What a field of one type keeps of a value of another: its default.
TYPED: list[tuple[str, Error, str, Any]] = [
    ("text in an int", PaymentRequiredError("m", required="abc"), "required", None),  # type: ignore[arg-type]
    ("signs in an int", PaymentRequiredError("m", required="+-5"), "required", None),  # type: ignore[arg-type]
    ("digits in an int", PaymentRequiredError("m", required=" 5 "), "required", 5),  # type: ignore[arg-type]
    ("digits of other scripts", PaymentRequiredError("m", required="٣"), "required", None),  # type: ignore[arg-type]
    ("whole float in an int", PaymentRequiredError("m", required=5.0), "required", 5),  # type: ignore[arg-type]
    ("float in an int", PaymentRequiredError("m", required=5.5), "required", None),  # type: ignore[arg-type]
    ("bool in an int", PaymentRequiredError("m", required=True), "required", None),
    ("NaN in an int", PaymentRequiredError("m", required=float("nan")), "required", None),  # type: ignore[arg-type]
    ("list in an int", PaymentRequiredError("m", required=[5]), "required", None),  # type: ignore[arg-type]
    ("6000 digits in an int", PaymentRequiredError("m", required=10**6000), "required", None),
    ("int in a text", PaymentRequiredError("m", upgrade_url=5), "upgrade_url", None),  # type: ignore[arg-type]
    ("bytes in a text", PaymentRequiredError("m", upgrade_url=b"u"), "upgrade_url", "u"),  # type: ignore[arg-type]
    ("None in a list", ValidationError("m", errors=None), "errors", []),  # type: ignore[arg-type]
    ("number in a list", ValidationError("m", errors=5), "errors", []),  # type: ignore[arg-type]
    ("odd entries of a list", ValidationError("m", errors=[{"a": 1}, 5, "x"]), "errors", [{"a": 1}]),  # type: ignore[list-item]
    ("tuple for a list", ValidationError("m", errors=({"a": 1},)), "errors", [{"a": 1}]),  # type: ignore[arg-type]
    ("NaN in a float", RefusedError("m", weight=float("nan")), "weight", None),
    ("text in a float", RefusedError("m", weight="heavy"), "weight", None),  # type: ignore[arg-type]
    ("underscore in a float", RefusedError("m", weight="1_0"), "weight", None),  # type: ignore[arg-type]
    ("int in a float", RefusedError("m", weight=2), "weight", 2.0),
    ("text in a bool", RefusedError("m", signed="yes"), "signed", None),  # type: ignore[arg-type]
    ("odd entries of a map", RefusedError("m", labels={"a": 1, "b": "x"}), "labels", {"a": 1}),  # type: ignore[dict-item]
]

HEADERS: list[tuple[str, Error, str, Any]] = [
    ("CR LF", LostError("m", depot="a\r\nSet-Cookie: b"), "depot", "a??Set-Cookie: b"),
    ("not ASCII", LostError("m", depot="Zürich"), "depot", "Z?rich"),
    ("surrogate", LostError("m", depot="\ud800"), "depot", "?"),
    ("outer spaces", LostError("m", depot="  a  "), "depot", "a"),
    ("None in an int", LostError("m", weight=None), "weight", 0),  # type: ignore[arg-type]
    ("bytes", LostError("m", depot=b"a"), "depot", "a"),  # type: ignore[arg-type]
    ("unspeakable", LostError("m", depot=Unspeakable()), "depot", "<Unspeakable>"),  # type: ignore[arg-type]
    ("long", LostError("m", depot="x" * 5000), "depot", "x" * 2048),
    ("text in an int or float", LostError("m", weight="x"), "weight", 0),  # type: ignore[arg-type]
    ("NaN in a float", LostError("m", wait=float("nan")), "wait", None),
    ("360 digits in an int", LostError("m", weight=10**360), "weight", 10**360),
    ("6000 digits in an int", LostError("m", weight=10**6000), "weight", 0),
    ("text in a bool", LostError("m", insured="perhaps"), "insured", False),  # type: ignore[arg-type]
    ("fraction of a second", RateLimitError("m", retry_after=1.2), "retry_after", 2),  # type: ignore[arg-type]
    ("negative", RateLimitError("m", retry_after=-5), "retry_after", 0),
    ("date", RateLimitError("m", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), "retry_after", None),  # type: ignore[arg-type]
    ("NaN seconds", RateLimitError("m", retry_after=float("nan")), "retry_after", None),  # type: ignore[arg-type]
    ("infinite seconds", RateLimitError("m", retry_after=float("inf")), "retry_after", None),  # type: ignore[arg-type]
    ("6000 digits of seconds", RateLimitError("m", retry_after=10**6000), "retry_after", None),
]

MESSAGES: list[tuple[str, Any, str]] = [
    ("unspeakable", Unspeakable(), "<Unspeakable>"),
    ("bytes", b"caf\xc3\xa9", "café"),
    ("None", None, "None"),
    ("number", 5, "5"),
    ("list", ["a"], "['a']"),
    ("lone surrogate", "\ud800", "�"),
    ("enum", Color.RED, "red"),
    ("6000 digits", 10**6000, hex(10**6000)[:2045] + "…"),
    ("exception", KeyError("k"), "'k'"),
    ("long", "é" * 5000, "é" * 1022 + "…"),
    ("CR LF", "a\r\nb", "a\r\nb"),
    ("zero", "a\x00b", "a\x00b"),
]

CODES = {
    "number": 5,
    "bytes": b"x",
    "NaN": float("nan"),
    "unspeakable": Unspeakable(),
    "lone surrogate": "\ud800",
    "long": "x" * 5000,
    "list": [],
    "map": {},
}
STATUSES = {
    "zero": 0,
    "too small": 99,
    "too large": 600,
    "another class's": 404,
    "float": 503.0,
    "bool": True,
    "text": "503",
    "6000 digits": 10**6000,
    "None": None,
}


def names(table: list[Any]) -> list[str]:
    """What the rows of *table* are about."""
    return [row[0] for row in table]


def travelled(error: Error, contract: Catalogue) -> Error:
    """*error* after one journey, which a second one does not change."""
    once = parse_reply(render_error(error, contract), contract)
    assert snapshot(once) == snapshot(parse_reply(render_error(once, contract), contract))
    return once


def contract_of(error: Error) -> Catalogue:
    """The catalogue that *error* is in."""
    return next(found for found in CATALOGUES.values() if type(error) in found.errors)


@pytest.mark.parametrize("envelope", [Detail(), ErrorObject(), Problem()], ids=["detail", "error-object", "problem"])
@pytest.mark.parametrize(("value", "arrives"), [row[1:] for row in ANYTHING], ids=names(ANYTHING))
def test_values_that_json_does_not_have(envelope: Any, value: Any, arrives: Any) -> None:
    """
    A value that JSON does not have arrives as the nearest that it has, and never raises.
    """
    error = travelled(RefusedError("m", anything=value), catalogue(envelope))

    assert isinstance(error, RefusedError)
    assert arrives == error.anything


@pytest.mark.parametrize(("error", "name", "arrives"), [row[1:] for row in TYPED], ids=names(TYPED))
def test_values_of_another_type(error: Error, name: str, arrives: Any) -> None:
    """
    A value that does not fit the type of its field is read if it can mean only one thing, else the default stays.
    """
    found = travelled(error, contract_of(error))

    assert (type(error), "m", arrives) == (type(found), str(found), getattr(found, name))


@pytest.mark.parametrize(("error", "name", "arrives"), [row[1:] for row in HEADERS], ids=names(HEADERS))
def test_values_that_a_header_cannot_carry(error: Error, name: str, arrives: Any) -> None:
    """
    A header never carries CR, LF or anything beyond printable ASCII; what does not fit arrives as the default.
    """
    contract = contract_of(error)
    carried = "".join(render_error(error, contract).headers.values())

    assert (True, True) == (carried.isascii(), carried.isprintable())
    assert "none" not in carried.lower()
    assert arrives == getattr(travelled(error, contract), name)


@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize(("message", "arrives"), [row[1:] for row in MESSAGES], ids=names(MESSAGES))
def test_messages_that_are_no_text(name: str, message: Any, arrives: str) -> None:
    """
    Whatever was put in the place of the message, a client reads text.
    """
    contract = CATALOGUES[name]
    cls = next(
        error for error in contract.errors if error.__name__ in ("AuthError", "AuthenticationError", "LostError")
    )
    found = travelled(cls(message), contract)

    assert (cls, (arrives,)) == (type(found), found.args)


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_codes_that_are_no_text(code: Any) -> None:
    """
    An odd code never raises, and never makes another class of the error.
    """
    assert AuthError is type(travelled(AuthError("m", error_code=code), CATALOGUES["pictograph"]))


@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
def test_statuses_that_are_none(status: Any) -> None:
    """
    A server error that names a status of another kind, or none, is sent as 500.
    """
    contract = CATALOGUES["pictograph"]
    cls = next(error for error in contract.errors if error.__name__ == "ServerError")

    assert 500 == render_error(cls("m", status_code=status), contract).status  # type: ignore[call-arg]
