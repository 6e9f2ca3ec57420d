"""The law for fields of types that JSON does not have."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

import pytest

import failwell
from failwell import Body, Catalogue, DeclarationError, Header, Local, Message, field
from failwell.contract.catalogues.catalogue import Envelope
from failwell.reference.openapi.examples import examples
from failwell.wire import Detail, ErrorObject, Problem, Reply, json, parse_reply, render_error, snapshot


class Reason(StrEnum):
    """Why something was refused."""

    FULL = "full"
    CLOSED = "closed"


class Level(IntEnum):
    """How bad it is."""

    LOW = 1
    HIGH = 2


class Colour(Enum):
    """An enum whose members are neither text nor numbers themselves."""

    RED = "red"
    SEVEN = 7


class Rights(IntFlag):
    """What one may do, of which several may be at once."""

    READ = 1
    WRITE = 2


class Fact(TypedDict, total=False):
    """A map whose keys are known."""

    a: int
    b: list[str]


Name = NewType("Name", str)
NOON = datetime(2026, 1, 31, 12, 0, 0, 5, UTC)


class DeskError(failwell.Error):
    message: Message = field(default="No.", kw_only=False)


class RichError(DeskError, status=409, code="rich"):
    reason: Reason | None = None
    reasons: list[Reason] = field(default_factory=list)
    level: Level = Level.LOW
    colour: Annotated[Colour | None, Body("hue")] = None
    when: datetime | None = None
    day: date | None = None
    at: time | None = None
    key: UUID | None = None
    price: Decimal | None = None
    prices: dict[str, Decimal] = field(default_factory=dict)
    pair: tuple[int, str] | None = None
    row: tuple[datetime, ...] = ()
    bare: tuple = ()  # type: ignore[type-arg]
    tags: set[str] = field(default_factory=set)
    marks: frozenset[int] = frozenset()
    either: Reason | str | None = None
    rows: list[tuple[Reason, Decimal | None]] = field(default_factory=list)
    named: Name | None = None
    rights: Rights | None = None
    only: Literal[Reason.FULL, Level.HIGH, "other"] | None = None
    fact: Fact | None = None


VALUES: dict[str, list[Any]] = {
    "reason": [Reason.FULL, None],
    "reasons": [[Reason.FULL, Reason.CLOSED], []],
    "level": [Level.HIGH, Level.LOW],
    "colour": [Colour.RED, Colour.SEVEN],
    "when": [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=5, minutes=30))),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
    "day": [date(2026, 1, 31)],
    "at": [time(12, 30), time(12, 30, 0, 1, UTC)],
    "key": [UUID(int=5), UUID(int=2**128 - 1)],
    "price": [Decimal("1.10"), Decimal("-0"), Decimal("1E+9"), Decimal("0.1"), Decimal("9" * 60)],
    "prices": [{"a": Decimal("0.30")}],
    "pair": [(1, "x")],
    "row": [(NOON, NOON), ()],
    "bare": [(1, "x", None)],
    "tags": [{"a", "b"}, set()],
    "marks": [frozenset({1, 2})],
    "either": [Reason.FULL, "other"],
    "rows": [[(Reason.FULL, Decimal("1.5")), (Reason.CLOSED, None)]],
    "named": [Name("x")],
    "rights": [Rights.READ, Rights.READ | Rights.WRITE, Rights(0)],
    "only": [Reason.FULL, Level.HIGH, "other"],
    "fact": [{"a": 1, "b": ["x"]}],
}


def desk(envelope: Envelope) -> Catalogue:
    """A catalogue of the errors above."""
    return Catalogue("desk", base=DeskError, default=DeskError, errors=(RichError,), envelope=envelope)


@pytest.mark.parametrize("envelope", [Detail(), ErrorObject(), Problem()])
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, those in VALUES.items() for value in those])
def test_the_law_for_types_beyond_json(name: str, value: Any, envelope: Envelope) -> None:
    """
    C2. Enums, moments, UUIDs, decimals, tuples and sets arrive as what they were, of the same type.
    """
    error = RichError(**{name: value})
    found = parse_reply(render_error(error, desk(envelope)), desk(envelope))

    assert snapshot(error) == snapshot(found)
    assert (type(value), repr(value)) == (type(getattr(found, name)), repr(getattr(found, name))) or name in (
        "tags",
        "marks",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, "2026-01-31T12:00:00.000005+00:00"),
        (NOON.replace(tzinfo=None, microsecond=0), "2026-01-31T12:00:00"),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-31T17:30:00.000005+05:30"),
        (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00+00:00"),
        ([(NOON,)], [["2026-01-31T12:00:00.000005+00:00"]]),
        ({NOON: NOON.date()}, {"2026-01-31T12:00:00.000005+00:00": "2026-01-31"}),
        (time(12, 30, 0, 1, UTC), "12:30:00.000001+00:00"),
        (Decimal("1E+9"), "1E+9"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ({Colour.RED: Colour.SEVEN, Level.HIGH: Reason.FULL}, {"red": 7, "2": "full"}),
        ({UUID(int=5): date(2026, 1, 31)}, {"00000000-0000-0000-0000-000000000005": "2026-01-31"}),
        (Enum("Deadline", {"NOON": NOON}).NOON, "2026-01-31T12:00:00.000005+00:00"),  # type: ignore[attr-defined]
    ],
)
def test_how_they_are_written(value: Any, expected: Any) -> None:
    """
    Moments are written as RFC 3339 and ISO 8601 have them, members of an enum as their value; keys of objects too.
    """
    assert expected == json.loads(json.dumps(value))


ODD: list[tuple[str, Any, Any]] = [
    ("reason", "unheard of", None),
    ("reason", 5, None),
    ("reasons", ["full", "unheard of", 5], [Reason.FULL]),
    ("level", "2", Level.LOW),
    ("level", True, Level.LOW),
    ("when", "yesterday", None),
    ("when", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ("when", 5, None),
    ("when", "2" * 100_000, None),
    ("key", "no uuid", None),
    ("price", 1.1, Decimal("1.1")),
    ("price", 5, Decimal(5)),
    ("price", "NaN", None),
    ("price", "Infinity", None),
    ("price", "1_0", None),
    ("price", "9" * 5000, None),
    ("pair", [1], None),
    ("pair", [1, 2], None),
    ("pair", "ab", None),
    ("row", ["yesterday", "2026-01-31T12:00:00+00:00"], (datetime(2026, 1, 31, 12, tzinfo=UTC),)),
    ("tags", ["a", "a", 5], {"a"}),
]


@pytest.mark.parametrize(("name", "said", "expected"), ODD)
def test_what_does_not_fit(name: str, said: Any, expected: Any) -> None:
    """
    What a server says that is none of them leaves the default; a list keeps the entries that fit.
    """
    body = json.dumps({"error": {"code": "rich", "message": "No.", "details": {name: said}}})
    error = parse_reply(Reply(409, {}, body), desk(ErrorObject()))

    assert (type(expected), expected) == (type(getattr(error, name)), getattr(error, name))


@pytest.mark.parametrize("envelope", [Detail(), ErrorObject(), Problem()])
def test_pages_have_an_example_of_each(envelope: Envelope) -> None:
    """
    The example of the class, with a value in every field, arrives as what it was.
    """
    (example,) = [one for one in examples(desk(envelope)) if type(one.error) is RichError]

    assert snapshot(example.error) == snapshot(parse_reply(example.reply, desk(envelope)))
    assert (Reason.FULL, True) == (example.error.reason, bool(example.error.row))  # type: ignore[attr-defined]


class Plain:
    """A class that JSON knows nothing of."""


class Row(NamedTuple):
    """A tuple with names."""

    a: int


class Odd(Enum):
    """An enum of what JSON does not have."""

    HALF = 0.5


class Keyed(TypedDict):
    """A map in which something is text that was none."""

    key: NotRequired[UUID]


class Timed(TypedDict, total=False):
    """The same, optional."""

    n: int
    at: datetime | None


class Nested(TypedDict):
    """A map with rows."""

    rows: tuple[int, ...]


REFUSED: list[Any] = [
    Plain, Plain | None, list[Plain], dict[str, Plain], Row, bytes, bytes | None, list[bytes], bytearray, complex, Path,
    timedelta, Odd, Odd | None, dict[int, str], dict[UUID, str], Exception, type,
    datetime | str, UUID | str | None, Decimal | float, Decimal | int, datetime | date, Colour | str,
    OrderedDict, OrderedDict[str, int] | None, Counter[str], MappingProxyType, list[defaultdict[str, int]],
    Keyed, Keyed | None, list[Timed], Nested,
    list[int] | tuple[int, ...], set[str] | list[str] | None, tuple[Plain, int], list[datetime | str],
]  # fmt: skip


@pytest.mark.parametrize("hint", REFUSED, ids=str)
def test_types_that_are_refused(hint: Any) -> None:
    """
    C2. A type whose values would come back as something else is refused where the class is declared.
    """
    with pytest.raises(DeclarationError, match=r"LostError\.what may be .*test_field_types.*:\d+.*Local"):
        type("LostError", (DeskError,), {"__annotations__": {"what": hint}, "what": None, "__module__": __name__})


def test_refused_in_a_module_of_postponed_annotations() -> None:
    """
    So it is where annotations are text, as they mostly are.
    """
    with pytest.raises(DeclarationError, match="whose keys are int, and in JSON all keys are text"):

        class KeyedError(DeskError):
            counts: dict[int, str] = field(default_factory=dict)

    with pytest.raises(DeclarationError, match="bytes, which comes back as something else"):

        class RawError(DeskError):
            raw: bytes = b""


def test_fields_that_never_travel_may_be_anything() -> None:
    """
    A field of ours alone, and one of an error that no reply tells of, may have any type.
    """

    class KeptError(DeskError):
        what: Annotated[Plain | None, Local()] = None

    class OwnError(DeskError, source="client", on="own"):
        what: Plain | None = None

    assert (None, None) == (KeptError().what, OwnError().what)


def test_enums_in_headers_are_refused() -> None:
    """
    A header still carries nothing but numbers, booleans and text.
    """
    with pytest.raises(DeclarationError, match="bound to the header 'X-Reason'"):

        class HeadedError(DeskError):
            reason: Annotated[Reason | None, Header("X-Reason")] = None


MEMBERS = sorted(name for name in dir(failwell.Error) if not name.startswith("_"))


@pytest.mark.parametrize("name", [name for name in MEMBERS if name not in ("close_code", "close_reason")])
@pytest.mark.parametrize("mark", [Body("x"), Local()], ids=["body", "local"])
def test_names_that_every_error_has(name: str, mark: Any) -> None:
    """
    A field with the name of a public member of `Error` is refused: it would hide what every error has.
    """
    with pytest.raises(DeclarationError, match=rf"HidingError\.{name} would hide `{name}`, which every error has"):
        type("HidingError", (DeskError,), {"__annotations__": {name: Annotated[Any, mark]}, name: None})


@pytest.mark.parametrize("name", ["code", "status", "retry_after", "details", "reason", "close_code", "error_code"])
def test_names_that_are_free(name: str) -> None:
    """
    What vendors call the facts of their own errors is theirs.
    """
    made: Any = type("FreeError", (DeskError,), {"__annotations__": {name: Any}, name: None, "__module__": __name__})

    assert 5 == getattr(made(**{name: 5}), name)
