from __future__ import annotations

from tests.documented.units import ROW, SENTENCE, SNIPPET, TREE_LINE, units
from tests.documented.written_index import promises_of
from tests.spec import page

PAGE = units(page("vectorshift"))


def test_beside_the_page() -> None:
    """
    Some rows of the check stand beside the page.
    """
    beside = [
        "waits_on",
        "streams",
        "kept_body",
        "goes_on",
        "unsent",
        "no_key",
        "no_base",
        "readable",
        "request_id",
        "key_untold",
        "pickling",
        "deadline",
        "done_once",
    ]

    assert beside == [promise.name for promise in promises_of("vectorshift") if not promise.lines]


def test_kinds() -> None:
    """
    The page has 27 sentences, 16 lines of its tree, 7 rows and 5 snippets.
    """
    kinds = [unit.kind for unit in PAGE]

    assert [27, 16, 7, 5] == [kinds.count(kind) for kind in (SENTENCE, TREE_LINE, ROW, SNIPPET)]
