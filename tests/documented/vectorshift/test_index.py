from __future__ import annotations

from pathlib import Path

from tests.documented.index import documented, without_a_test
from tests.documented.units import ROW, SENTENCE, SNIPPET, TREE_LINE, units
from tests.spec import page

PAGE = units(page("vectorshift"))
TESTS = documented(Path(__file__).parent)
OF_THE_SERVER = [(55, 55, 1), (55, 55, 2), (59, 59, 2), (59, 59, 3), (62, 62, 1), (62, 62, 2)]
"""What only a server can hold: whose objects are whose."""


def test_kinds() -> None:
    """
    The page has 27 sentences, 16 lines of its tree, 7 rows and 5 snippets.
    """
    kinds = [unit.kind for unit in PAGE]

    assert [27, 16, 7, 5] == [kinds.count(kind) for kind in (SENTENCE, TREE_LINE, ROW, SNIPPET)]


def test_every_unit_has_a_test() -> None:
    """
    Every sentence, row, line of the tree and snippet has a test that holds it, but what a server is needed for.
    """
    assert OF_THE_SERVER == [unit.lines for unit in without_a_test(PAGE, TESTS)]


def test_every_marker_means_a_unit() -> None:
    """
    No test holds lines that are no unit of the page.
    """
    known = {unit.lines for unit in PAGE}

    assert [] == [str(test) for test in TESTS if test.page != "vectorshift" or test.lines not in known]
