from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import failwell
from failwell import Case, Catalogue, Message, field
from failwell.reference.catalogues import find_catalogue, known_catalogues
from failwell.reference.errors import StalePagesError, UndocumentedError
from failwell.reference.page.collect import page_of as facts_of
from failwell.reference.page.completeness import require_documented
from failwell.reference.page.files import check_pages, write_pages
from failwell.wire import Detail

from .shop import SHOP

COMMITTED = Path(__file__).parents[2] / "docs" / "reference"

SHARED = "shares the docstring of its class with others. Write why it happens: cause=..."


class DeskError(failwell.Error):
    """Base of what the desk raises."""

    message: Message = field(kw_only=False)


class NoFixError(DeskError, status=404):
    """It is not there."""


class NoCauseError(DeskError, status=410, fix="Look elsewhere."):
    pass


class ManyCodesError(
    DeskError, status=409, fix="Wait.", cases=(Case("first", 409, cause="The first."), Case("second", 409))
):
    """One of two things."""


class ManyStatusesError(DeskError, status=500, fix="Wait.", cases=(Case(None, 503),)):
    """One of two things."""


class DotError(DeskError, status=400, code="a.b", fix="Wait."):
    """A dot."""


class DashError(DeskError, status=400, code="a-b", fix="Wait."):
    """A dash."""


class SectionError(DeskError, status=400, code="hierarchy", fix="Wait."):
    """The name of a section."""


class OtherDeskError(DeskError, fix="Read the message."):
    """Anything else."""


def desk(*errors: type[failwell.Error], **more: Any) -> Catalogue:
    """A catalogue of *errors*."""
    return Catalogue("desk", base=DeskError, default=OtherDeskError, errors=errors, envelope=Detail(), **more)


def test_pages_are_committed() -> None:
    """
    docs/reference/ has the page of every catalogue, as its declaration is today.
    """
    assert ("pictograph",) <= known_catalogues()

    check_pages((find_catalogue(name) for name in known_catalogues()), COMMITTED, remedy="make reference")


def test_a_missing_page_is_refused(tmp_path: Path) -> None:
    """
    A missing page is an error that names it, and the command that writes it.
    """
    with pytest.raises(StalePagesError) as caught:
        check_pages([SHOP], tmp_path, remedy="make reference")

    message = f"Pages in {tmp_path} are not what the catalogues say (missing: shop.md). Write them with: make reference"
    assert (message, ("shop.md",)) == (str(caught.value), caught.value.missing)


def test_a_stale_page_is_refused(tmp_path: Path) -> None:
    """
    A page that says something else than the declaration is an error; what was written is as it should be.
    """
    (page,) = write_pages([SHOP], tmp_path)
    check_pages([SHOP], tmp_path)
    page.write_text(
        page.read_text(encoding="utf-8").replace("The shop is full.", "The shop is closed."), encoding="utf-8"
    )

    with pytest.raises(StalePagesError) as caught:
        check_pages([SHOP], tmp_path)

    assert (("shop.md",), ()) == (caught.value.stale, caught.value.missing)
    assert str(caught.value).endswith(f"Write them with: failwell reference --out {tmp_path}")


def test_a_page_of_another_system(tmp_path: Path) -> None:
    r"""
    A checkout with "\r\n" at the ends of lines is not stale.
    """
    (page,) = write_pages([SHOP], tmp_path)
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))

    check_pages([SHOP], tmp_path)


def test_a_page_that_is_left(tmp_path: Path) -> None:
    """
    The page of a catalogue that is gone is refused, and removed when pages are written; other files stay.
    """
    write_pages([SHOP], tmp_path)
    (tmp_path / "index.md").write_text("# Mine\n")

    with pytest.raises(StalePagesError) as caught:
        check_pages([desk()], tmp_path)
    write_pages([desk()], tmp_path)

    assert ("shop.md",) == caught.value.left
    assert ["desk.md", "index.md"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("errors", "lack"),
    [
        ([NoFixError], "NoFixError 404 ({}) has no fix. Write what the caller should do: fix=..."),
        ([NoCauseError], "NoCauseError ({}) has no docstring. Say there in a sentence why it is raised."),
        (
            [ManyCodesError],
            f"ManyCodesError 409 second ({{0}}) {SHARED}",
        ),
        (
            [ManyStatusesError],
            f"ManyStatusesError 500 ({{0}}) {SHARED}\nManyStatusesError 503 ({{0}}) {SHARED}",
        ),
        ([DotError, DashError], "#a-b is the address of a.b and a-b. Rename one."),
        ([SectionError], "#hierarchy is the address of hierarchy and the section 'hierarchy'. Rename one."),
    ],
    ids=["fix", "cause", "cause of a code", "cause of a status", "address", "address of a section"],
)
def test_what_is_not_documented_is_refused(tmp_path: Path, errors: list[type[failwell.Error]], lack: str) -> None:
    """
    A code, status or class without cause, fix or address fails: each is named with its line, and nothing is written.
    """
    with pytest.raises(UndocumentedError) as caught:
        write_pages([SHOP, desk(*errors)], tmp_path)

    lacks = lack.format(errors[0].declared_at).split("\n")
    assert (lacks, "desk") == (list(caught.value.lacks), caught.value.catalogue)
    assert f"The page of 'desk' would lack {len(lacks)} facts:\n" in str(caught.value)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", known_catalogues())
def test_everything_installed_is_documented(name: str) -> None:
    """
    Every code, status and class of every installed catalogue has a cause and a fix.
    """
    page = facts_of(find_catalogue(name))

    require_documented(page)
    assert [] == [line for line in page.lines if not (line.cause and line.fix)]
