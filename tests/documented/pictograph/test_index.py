from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documented.units import FRONT_MATTER, ROW, SENTENCE, SNIPPET, TREE_LINE, in_one_line, units
from tests.documented.written_index import main, promises_of
from tests.spec import page

PAGE = units(page("pictograph"))


def test_beside_the_page() -> None:
    """
    Some rows of the check stand beside the page.
    """
    beside = ["not_retried", "polling_survives", "request_id", "key_untold", "pickling", "deadline", "done_once"]

    assert beside == [promise.name for promise in promises_of("pictograph") if not promise.lines]


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A sentence that nothing holds and no row tries is named by its line, and the command fails.
    """
    text = f"{page('pictograph')}\n\nNobody holds this.\n"
    monkeypatch.setattr(
        "tests.documented.written_index.page", lambda name: text if name == "pictograph" else page(name)
    )
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: 0)

    assert 1 == main()

    told = capsys.readouterr().err.splitlines()
    assert [
        f"spec/pictograph.txt:145: no {what} for: Nobody holds this." for what in ("test", "row in the check")
    ] == told


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
