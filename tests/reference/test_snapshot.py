from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Union

import pytest

import failwell
from failwell import Body, Case, Catalogue, Details, Header, Local, Message, Status, field
from failwell.reference.catalogues import find_catalogue, known_catalogues
from failwell.reference.compat.snapshot import SnapshotError, facts_of, read, type_text, written
from failwell.wire import ErrorObject

SDKS = Path(__file__).parents[2] / "sdks"


class ShopError(failwell.Error):
    """Base of the shop.

    More words.
    """

    message: Message = field(kw_only=False)
    status: Annotated[int | None, Status()] = field(default=None, init=False)


class SoldError(ShopError, LookupError, cases=(Case("sold", 409, fix="Hurry."), Case(None, 410, operation="orders"))):
    """It is gone."""

    buyer: Annotated[int | str | None, Body("error.buyer")] = None
    wait: Annotated[float, Header("X-Wait")] = 0.0
    shelf: Annotated[str | None, Details()] = None
    clerk: Annotated[Any, Local()] = None

    def __init__(self, message: str, *, buyer: int | str | None = None, wait: float = 0.0, **more: Any) -> None:
        super().__init__(message)
        self.buyer = buyer
        self.wait = wait

    @property
    def known(self) -> bool:
        """Whether the buyer is known."""
        return self.buyer is not None

    @functools.cached_property
    def letters(self) -> int:
        """How long the name is."""
        return len(str(self.buyer))

    def advice(self, language: str) -> str:
        """What to do."""
        return language


GoneError = SoldError

SHOP = Catalogue(
    "shop",
    base=ShopError,
    default=ShopError,
    errors=(SoldError,),
    envelope=ErrorObject(),
    operations={"orders.get": SoldError},
    everywhere=ShopError,
)


@pytest.mark.parametrize("name", known_catalogues())
def test_the_snapshot_of_an_sdk_is_fresh(name: str) -> None:
    """
    C10. The snapshot that an SDK keeps says what its catalogue says.
    """
    kept = SDKS / name / name / "contract.snapshot.json"
    remedy = f"failwell snapshot {name} --output sdks/{name}/{name}/contract.snapshot.json"

    assert kept.is_file(), f"{kept} is missing. Write it with: {remedy}"
    assert written(facts_of(find_catalogue(name))) == kept.read_text(encoding="utf-8"), (
        f"{kept.name} is stale: the contract has changed. See what breaks with "
        f"`failwell diff sdks/{name}/{name}/{kept.name} {name}`, then write it with: {remedy}"
    )


def test_the_facts_of_a_class() -> None:
    """
    C10. A class is its parents, its names, its constructor, its attributes with types and places, and its cases.
    """
    assert {
        "module": __name__,
        "aliases": ["GoneError"],
        "above": ["ShopError", "builtins.LookupError"],
        "raised": True,
        "source": "http",
        "summary": "It is gone.",
        "constructor": [
            {"name": "message", "kind": "positional_or_keyword", "type": "str", "required": True},
            {"name": "buyer", "kind": "keyword_only", "type": "int | str | None", "required": False},
            {"name": "wait", "kind": "keyword_only", "type": "float", "required": False},
            {"name": "more", "kind": "var_keyword", "type": "Any", "required": False},
        ],
        "attributes": {
            "message": {"type": "str", "place": "message"},
            "status": {"type": "int | None", "place": "status", "default": None},
            "buyer": {"type": "int | str | None", "place": "body error.buyer", "default": None},
            "wait": {"type": "float", "place": "header X-Wait", "default": 0.0},
            "shelf": {"type": "str | None", "place": "details shelf", "default": None},
            "clerk": {"type": "Any", "place": "local", "default": None},
            "details": {"type": "dict[str, Any]", "place": "mirror"},
            "known": {"type": "bool", "place": "property"},
            "letters": {"type": "int", "place": "property"},
            "advice": {"type": "str", "place": "method(language)"},
        },
        "claims": True,
        "cases": [{"code": "sold", "status": 409, "fix": "Hurry."}, {"status": 410, "operation": "orders"}],
    } == facts_of(SHOP)["classes"]["SoldError"]


def test_the_facts_of_the_whole() -> None:
    """
    C10. Beside the classes: the envelope as the bodies that it makes, the headers, the retries, the operations.
    """
    facts = facts_of(SHOP)

    del facts["classes"]
    assert {
        "format": 1,
        "name": "shop",
        "base": "ShopError",
        "default": "ShopError",
        "docs": None,
        "status_decides": False,
        "idempotency": None,
        "body_cap": 8192,
        "headers": {
            "request_id": "X-Request-ID",
            "idempotency_key": "Idempotency-Key",
            "replayed": "Idempotent-Replayed",
            "side_effect": "Side-Effect",
        },
        "retries": {
            "max_retries": 3,
            "first_delay": 1.0,
            "factor": 2.0,
            "longest_delay": 8.0,
            "jitter": 0.25,
            "longest_retry_after": 120.0,
            "keys_kept": 86400.0,
        },
        "envelope": {
            "content_type": "application/json",
            "lossless": True,
            "bodies": {
                "message": {"error": {"code": None, "message": "MESSAGE", "details": {}}},
                "code": {"error": {"code": "CODE", "message": "MESSAGE", "details": {}}},
                "details": {
                    "error": {"code": "CODE", "message": "MESSAGE", "details": {"DETAIL": 1}},
                    "request_id": "REQUEST",
                },
            },
        },
        "operations": {"orders.get": ["SoldError"]},
        "everywhere": ["ShopError"],
    } == facts


def test_a_union_reads_the_same_however_it_is_written() -> None:
    """
    The members of a union are sorted, None last.
    """
    assert "int | str | None" == type_text(Union[None, str, int]) == type_text(Union[int, None, str])  # noqa: UP007
    assert "dict[str, int | None] | None" == type_text(dict[str, int | None] | None)


def test_a_fact_is_a_line() -> None:
    """
    The text has one line for each attribute, parameter and case, none of them long unless its words are.
    """
    lines = written(facts_of(SHOP)).splitlines()

    assert 1 == sum('"buyer": {"type"' in line for line in lines)
    assert 1 == sum('{"code": "sold"' in line for line in lines)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it cannot be read as JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[]", 'it has no "format"'),
        ("{}", 'it has no "format"'),
        ('{"format": 2}', "its format is 2, this Failwell reads 1"),
        (
            '{"format": 1}',
            "it lacks name, base, default, body_cap, headers and 5 more",
        ),
    ],
)
def test_what_is_no_snapshot(text: str, reason: str) -> None:
    """
    A file that is no snapshot is refused with what is wrong and how to write one.
    """
    with pytest.raises(SnapshotError) as raised:
        read(text, "x.json")

    assert ("x.json", reason) == (raised.value.where, raised.value.reason)
    assert f"x.json is no contract snapshot: {reason}. Write one with: failwell snapshot CATALOGUE" == str(raised.value)


def test_a_cut_snapshot() -> None:
    """
    A snapshot whose classes lack facts is refused, naming them.
    """
    facts = facts_of(SHOP)
    del facts["classes"]["SoldError"]["cases"]

    with pytest.raises(SnapshotError, match=r"it lacks SoldError\.cases"):
        read(json.dumps(facts), "x.json")


def test_the_order_of_imports_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A class whose module is gone from `sys.modules` has facts all the same.
    """
    before = facts_of(SHOP)["classes"]["SoldError"]
    monkeypatch.delitem(sys.modules, __name__)

    assert {**before, "aliases": []} == facts_of(SHOP)["classes"]["SoldError"]
