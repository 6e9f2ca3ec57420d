from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documented.index import documented, without_a_test
from tests.documented.units import FRONT_MATTER, ROW, SENTENCE, SNIPPET, TREE_LINE, Unit, in_one_line, units
from tests.documented.written_index import INDEX, main, promises_of, whole, without_a_row
from tests.spec import page

PAGE = units(page("pictograph"))
TESTS = documented(Path(__file__).parent)


def test_every_unit_has_a_test() -> None:
    """
    Every line of front matter, sentence, row, line of the tree and snippet of the page has a test that holds it.
    """
    missing = [f"pictograph.txt:{unit.first}: {in_one_line(unit.text)}" for unit in without_a_test(PAGE, TESTS)]

    assert [] == missing


def test_every_unit_has_a_row() -> None:
    """
    `errata check pictograph` tries every one of them.
    """
    missing = [f"pictograph.txt:{unit.first}: {in_one_line(unit.text)}" for unit in without_a_row("pictograph")]

    assert [] == missing


def test_every_row_means_a_unit() -> None:
    """
    No row of the check claims lines that are no unit of the page; those that claim none stand beside it.
    """
    known = {unit.lines for unit in PAGE}
    promises = promises_of("pictograph")

    assert [] == [promise.name for promise in promises if not known.issuperset(promise.lines)]
    beside = ["not_retried", "polling_survives", "request_id", "key_untold", "pickling", "deadline"]
    assert beside == [promise.name for promise in promises if not promise.lines]


def test_index_is_fresh() -> None:
    """
    The committed index is the one that is written from the page, the tests and the check: `make documented`.
    """
    assert whole() == INDEX.read_text(encoding="utf-8")


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A sentence that nothing holds and no row tries is named by its line, and the command fails.
    """
    text = f"{page('pictograph')}\n\nNobody holds this.\n"
    monkeypatch.setattr("tests.documented.written_index.page", lambda _: text)
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: 0)

    assert 1 == main()

    told = capsys.readouterr().err.splitlines()
    assert [
        f"spec/pictograph.txt:145: no {what} for: Nobody holds this." for what in ("test", "row in the check")
    ] == told


@pytest.mark.parametrize("unit", PAGE, ids=lambda unit: f"{unit.first}-{unit.last}")
def test_a_missing_test_is_noticed(unit: Unit) -> None:
    """
    A unit whose tests are gone, or only tell what is not built yet, is named; no other is.
    """
    others = [test for test in TESTS if test.lines != unit.lines]

    assert [unit] == without_a_test(PAGE, others)


def test_every_marker_means_a_unit() -> None:
    """
    No test holds lines that are no unit of the page.
    """
    known = {unit.lines for unit in PAGE}

    assert [] == [str(test) for test in TESTS if test.page != "pictograph" or test.lines not in known]


def test_docstrings_quote_the_page() -> None:
    """
    A test's docstring has the words of the page to the letter; only a snippet is left to stand on the page.
    """
    words = {unit.lines: in_one_line(unit.text) for unit in PAGE if unit.kind != SNIPPET}

    assert [] == [str(test) for test in TESTS if words.get(test.lines, "") not in in_one_line(test.promise)]


def test_units_leave_nothing_out() -> None:
    """
    What is no unit is a blank line, a heading, the ruler of a table or a mark around a block.
    """
    lines = page("pictograph").splitlines()
    held = {number for unit in PAGE for number in range(unit.first, unit.last + 1)}
    rest = [line for number, line in enumerate(lines, 1) if number not in held]

    no_unit = re.compile(r"|#+ .*|---|```(python)?|\| Exception \| Common cause \| What to do \||\|[-|]+\|")
    assert [] == [line for line in rest if not no_unit.fullmatch(line)]
    assert len(PAGE) == len({unit.lines for unit in PAGE})


def test_kinds() -> None:
    """
    The page has 4 lines of front matter, 19 sentences, 14 lines of the tree, 11 rows and 6 snippets.
    """
    kinds = [unit.kind for unit in PAGE]

    assert [4, 19, 14, 11, 6] == [kinds.count(kind) for kind in (FRONT_MATTER, SENTENCE, TREE_LINE, ROW, SNIPPET)]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((7, 9), "Catch the specific subclass"),
        ((64, 65), "**Idempotency** — retried"),
        ((85, 87), "`required`, `remaining`"),
        ((110, 111), "The job is **not cancelled**"),
        ((129, 129), "Override per-call:"),
        ((139, 140), "Reusing the same key"),
    ],
)
def test_sentences(lines: tuple[int, int], text: str) -> None:
    """
    A sentence begins where the one before ends, even in the middle of a line.
    """
    [unit] = [unit for unit in PAGE if unit.lines == lines]

    assert text == in_one_line(unit.text)[: len(text)]
