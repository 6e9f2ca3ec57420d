from __future__ import annotations

import pytest

from tests.documented import written_index
from tests.documented.index import without_a_test
from tests.documented.units import SNIPPET, in_one_line
from tests.documented.written_index import INDEX, PAGES, promises_of, units_of, whole, without_a_row

every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_every_unit_has_a_test(name: str) -> None:
    """
    Every line of front matter, sentence, row, line of the tree and snippet of a page has a test that holds it.
    """
    missing = without_a_test(units_of(name), written_index.tests_of(name))

    assert [] == [f"{name}.txt:{unit.first}: {in_one_line(unit.text)}" for unit in missing]


@every_page
def test_every_unit_has_a_row(name: str) -> None:
    """
    `failwell check` tries every one of them.
    """
    assert [] == [f"{name}.txt:{unit.first}: {in_one_line(unit.text)}" for unit in without_a_row(name)]


@every_page
def test_every_row_means_a_unit(name: str) -> None:
    """
    No row of the check claims lines that are no unit of the page; those that claim none stand beside it.
    """
    known = {unit.lines for unit in units_of(name)}

    assert [] == [promise.name for promise in promises_of(name) if not known.issuperset(promise.lines)]


@every_page
def test_a_missing_test_is_noticed(name: str) -> None:
    """
    A unit whose tests are gone, or only tell what is not built yet, is named; no other is.
    """
    found, tests = units_of(name), written_index.tests_of(name)

    for unit in found:
        assert [unit] == without_a_test(found, [test for test in tests if test.lines != unit.lines])


@every_page
def test_every_marker_means_a_unit(name: str) -> None:
    """
    No test holds lines that are no unit of the page.
    """
    known = {unit.lines for unit in units_of(name)}

    assert [] == [str(test) for test in written_index.tests_of(name) if test.page != name or test.lines not in known]


@every_page
def test_docstrings_quote_the_page(name: str) -> None:
    """
    A test's docstring has the words of the page to the letter; only a snippet is left to stand on the page.
    """
    words = {unit.lines: in_one_line(unit.text) for unit in units_of(name) if unit.kind != SNIPPET}

    assert [] == [
        str(test) for test in written_index.tests_of(name) if words.get(test.lines, "") not in in_one_line(test.promise)
    ]


@every_page
def test_units_are_told_apart(name: str) -> None:
    """
    No two units of a page have the same place.
    """
    places = [unit.lines for unit in units_of(name)]

    assert sorted(set(places)) == sorted(places)


def test_index_is_fresh() -> None:
    """
    The committed index is the one that is written from the pages, the tests and the checks: `make documented`.
    """
    assert whole() == INDEX.read_text(encoding="utf-8")
