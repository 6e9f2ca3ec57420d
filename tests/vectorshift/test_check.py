from __future__ import annotations

from failwell.conformance import check
from failwell.sandbox import find_vendor


def test_every_row() -> None:
    """
    The SDK holds every row of `failwell check vectorshift`, blocking and awaiting.
    """
    rows = list(check(find_vendor("vectorshift")))

    assert [] == [
        (row.promise.sentence, colour, verdict.reason)
        for row in rows
        for colour, verdict in row.verdicts.items()
        if not verdict.held
    ]
    assert {("blocking", "awaiting")} == {tuple(row.verdicts) for row in rows}
