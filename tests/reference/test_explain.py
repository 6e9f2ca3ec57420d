from __future__ import annotations

import pytest

from failwell import Catalogue
from failwell.reference.errors import UnknownThingError
from failwell.reference.explanation.explain import Explanation, explain
from failwell.reference.page.collect import page_of
from failwell.reference.page.facts import CodeFacts
from pictograph.exceptions import CATALOGUE as PICTOGRAPH
from tests.contract.samples import CATALOGUES

from .shop import SHOP

VENDORS = [CATALOGUES[name] for name in ("pictograph", "scopix", "subconscious", "vectorshift")]
PAGE = page_of(PICTOGRAPH)
OCCASIONS = [line.case.on for line in PAGE.lines if line.case.on is not None]


def one(thing: str, *catalogues: Catalogue, status: int | None = None) -> Explanation:
    """The one explanation of *thing*, in Pictograph's catalogue unless others are given."""
    (found,) = explain(thing, catalogues or (PICTOGRAPH,), status=status)
    return found


def told(found: Explanation) -> tuple[str, str | None, str | None]:
    """Class, status and code."""
    return found.facts.name, found.status, found.line.code if found.line is not None else None


@pytest.mark.parametrize("code", PAGE.codes, ids=lambda code: code.code)
def test_every_code(code: CodeFacts) -> None:
    """
    Every code is found: its class, its cause, its fix, and the address of its entry.
    """
    found = one(code.code)

    assert (code.lines[0].error, "409", code.code) == told(found)
    assert (code.lines[0], f"reference/pictograph/#{code.code}") == (found.line, found.address)


@pytest.mark.parametrize("name", [error.name for error in PAGE.errors])
def test_every_class(name: str) -> None:
    """
    Every class is found by its name, in any case of the letters, and by its name with the module.
    """
    expected = one(name)

    assert (name, PAGE.error(name).first) == (expected.facts.name, expected.line)
    assert expected == one(name.lower()) == one(f"pictograph.{name}") == one(f"pictograph.exceptions.{name}")
    assert f"reference/pictograph/#{name}" == expected.address


@pytest.mark.parametrize("status", range(400, 600))
def test_every_status(status: int) -> None:
    """
    Every status of an error is the class that the client raises for it.
    """
    cls, case = PICTOGRAPH.resolve(status)
    found = one(str(status))

    assert (cls.__name__, str(status)) == (found.facts.name, found.status)
    assert case == (found.line.case if found.line is not None else None)


@pytest.mark.parametrize("status", ["100", "204", "304"])
def test_no_error(status: str) -> None:
    """
    A status that is no error is not explained as one.
    """
    with pytest.raises(UnknownThingError):
        explain(status, [PICTOGRAPH])


@pytest.mark.parametrize("status", ["5xx", "5XX"])
def test_range(status: str) -> None:
    """
    A range of statuses is found as it is written on the page and in the declaration.
    """
    assert ("ServerError", "5xx", None) == told(one(status))


@pytest.mark.parametrize("on", OCCASIONS)
def test_every_occasion(on: str) -> None:
    """
    Errors that no reply tells of are found by their occasion.
    """
    found = one(on)

    assert on == (found.line.case.on if found.line is not None else None)


def test_what_is_in_an_explanation() -> None:
    """
    A class comes with its attributes, those that it inherits first, and with the cases that say more.
    """
    found = one("ConflictError")

    assert ["message", "error_code", "status_code", "retry_after"] == [attribute.name for attribute in found.attributes]
    assert [code.code for code in PAGE.codes] == [line.code for line in found.narrower]
    assert () == one("duplicate_name").narrower


def test_published_address() -> None:
    """
    Where the pages are published, the address is the one that problem+json sends.
    """
    assert "https://shop.test/errors#busy-queue" == one("busy.queue", SHOP).address == SHOP.address("busy.queue")


def test_a_code_of_two_classes() -> None:
    """
    A code that two classes share is explained for each; its status says which.
    """
    both = explain("busy", [SHOP])

    assert [("TooManyError", "429", "busy"), ("OrderError", "503", "busy")] == [told(found) for found in both]
    assert ("OrderError", "503", "busy") == told(one("busy", SHOP, status=503))


def test_a_status_of_two_classes() -> None:
    """
    A status that a class claims by a code is that class, and without the code the class of its range, or any other.
    """
    assert ["OrderError", "BrokenError"] == [found.facts.name for found in explain("503", [SHOP])]
    assert ["OutOfStockError", "OtherShopError"] == [found.facts.name for found in explain("409", [SHOP])]
    assert [("BrokenError", "500", None)] == [told(found) for found in explain("500", [SHOP])]


@pytest.mark.parametrize(
    ("thing", "nearest"),
    [
        ("dupliicate_name", ("duplicate_name", "duplicate_filename")),
        ("NotFoundErr", ("NotFoundError",)),
        ("idempotency-conflict", ("idempotency_conflict",)),
        ("zzz", ()),
    ],
)
def test_unknown(thing: str, nearest: tuple[str, ...]) -> None:
    """
    What no catalogue has is an error with the nearest names.
    """
    with pytest.raises(UnknownThingError) as caught:
        explain(thing, [PICTOGRAPH])

    assert nearest == caught.value.nearest[: len(nearest) or 3]
    assert f"No code, status or class is called {thing!r} (pictograph)." in str(caught.value)


def test_nothing_is_installed() -> None:
    """
    Without any catalogue, that is what is said.
    """
    with pytest.raises(UnknownThingError, match=r"'409' \(no catalogue is installed\)"):
        explain("409", [])


def test_several_vendors() -> None:
    """
    What several vendors have is explained for each; what one of them has, for that one.
    """
    found = explain("RateLimitError", VENDORS)

    assert [(vendor.name, "RateLimitError") for vendor in VENDORS] == [(one.catalogue, one.facts.name) for one in found]
    assert {"pictograph", "scopix"} == {one.catalogue for one in explain(" 409\n", VENDORS)}
    assert "pictograph" == one("duplicate_name", *VENDORS).catalogue
    assert "scopix" == one("STORAGE_QUOTA_EXCEEDED", *VENDORS).catalogue


def test_the_spelling_that_fits() -> None:
    """
    A name as it is written goes before the same name in other letters.
    """
    assert "subconscious" == one("subconscious.RateLimitError", VENDORS[2]).catalogue
    assert "TooManyError" == one("toomanyerror", SHOP, PICTOGRAPH).facts.name


@pytest.mark.parametrize(
    "pasted",
    [
        "pictograph.exceptions.ConflictError: Dataset ds exists",
        "pictograph.exceptions.ConflictError",
        'Traceback (most recent call last):\n  File "a.py", line 1\npictograph.exceptions.ConflictError: No',
    ],
)
def test_traceback(pasted: str) -> None:
    """
    The last line of a traceback is the class that it names, whichever vendors are installed.
    """
    assert ("ConflictError", "409", None) == told(one(pasted, *VENDORS))
