"""Pages of tables, of joins, and of lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from failwell.server import DataStore, Pagination, Schema, page_of, rows_of_page
from failwell.server.http.paging import LARGEST_PAGE

TABLES = """
CREATE TABLE parcels (seq INTEGER PRIMARY KEY, id TEXT, tenant TEXT);
CREATE TABLE weights (parcel TEXT, grams INTEGER)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DataStore]:
    """Five parcels of one tenant, and one of another."""
    store = DataStore(tmp_path / "data", "test.db", Schema(7, TABLES, "failwell-test"))
    with store.writing() as db:
        rows = [(f"p_{number}", "acme" if number < 5 else "globex") for number in range(6)]
        db.executemany("INSERT INTO parcels (id, tenant) VALUES (?, ?)", rows)
        db.executemany(
            "INSERT INTO weights VALUES (?, ?)", [(name, 100 + number) for number, (name, _) in enumerate(rows)]
        )
    yield store
    store.close()


@pytest.mark.parametrize(
    ("newest_first", "offset", "expected", "more"),
    [
        (True, 0, ["p_4", "p_3"], True),
        (True, 4, ["p_0"], False),
        (False, 0, ["p_0", "p_1"], True),
        (False, 3, ["p_3", "p_4"], False),
        (False, 9, [], False),
    ],
)
def test_rows(store: DataStore, offset: int, expected: list[str], *, newest_first: bool, more: bool) -> None:
    """
    A page begins at the newest row, or at the oldest, and says where it stands.
    """
    rows, pagination = rows_of_page(
        store, "parcels", "tenant = ?", ["acme"], limit=2, offset=offset, newest_first=newest_first
    )

    assert expected == [row["id"] for row in rows]
    assert Pagination(limit=2, offset=offset, total=5, has_more=more) == pagination


def test_join(store: DataStore) -> None:
    """
    A page of a join has the columns that were asked for.
    """
    joined = "parcels JOIN weights ON parcel = id"
    rows, pagination = rows_of_page(store, joined, "grams > ?", [103], limit=9, offset=0, columns="id, grams AS g")

    assert ([("p_5", 105), ("p_4", 104)], 2) == ([tuple(row) for row in rows], pagination.total)


@pytest.mark.parametrize(
    ("limit", "offset", "expected", "more"),
    [(2, 0, [0, 1], True), (2, 4, [4], False), (5, 0, [0, 1, 2, 3, 4], False), (2, 9, [], False)],
)
def test_list(limit: int, offset: int, expected: list[int], *, more: bool) -> None:
    """
    A list that is held is paged alike, and never by more than the largest page.
    """
    assert (expected, Pagination(limit=limit, offset=offset, total=5, has_more=more)) == page_of(
        range(5), limit=limit, offset=offset
    )
    assert LARGEST_PAGE == len(page_of(range(5000), limit=5000, offset=0)[0])
