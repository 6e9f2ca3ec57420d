"""The whole check of Scopix's pages, as `failwell check scopix` runs it."""

from __future__ import annotations

import re
from collections import Counter

from failwell.conformance.runner import check
from failwell.sandbox import find_vendor
from scopix.promises.ways import FAILURES
from tests.spec import page


def test_the_whole_check() -> None:
    """
    The SDK holds every row, blocking and awaiting.
    """
    rows = list(check(find_vendor("scopix")))

    short = [
        (row.promise.name, colour, verdict.reason)
        for row in rows
        for colour, verdict in row.verdicts.items()
        if not verdict.held
    ]
    assert [] == short
    assert len(rows) >= 140
    assert [] == [name for name, count in Counter(row.promise.sentence for row in rows).items() if count > 1]


def test_every_class_fails() -> None:
    """
    Each class of the page's tree has a way to a failure of it.
    """
    drawn = re.findall(r"[├└]── (\w+)", page("scopix-sdk"))

    assert 20 == len(drawn)
    assert ["ScopixError", *drawn] == [name for name, _ in FAILURES]
