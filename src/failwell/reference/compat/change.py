"""One change of a contract, and whether it breaks callers."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """What is different, by which *rule* of docs/compatibility.md, and whether it *breaks* a caller's code."""

    rule: str
    sentence: str
    breaking: bool


def breaks(rule: str, sentence: str) -> Change:
    """A change after which code that was right is not."""
    return Change(rule, sentence, breaking=True)


def fits(rule: str, sentence: str) -> Change:
    """A change that no caller has to know about."""
    return Change(rule, sentence, breaking=False)
