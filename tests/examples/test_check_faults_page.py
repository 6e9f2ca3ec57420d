"""What docs/check-your-sdk.md says of `failwell check --faults`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from failwell.conformance import Promises
from failwell.conformance.faults import all_faults
from failwell.conformance.faults.cases.sessions import CODES
from failwell.conformance.faults.runner import check_faults
from failwell.conformance.faults.trial import SLACK
from pictograph_server.vendor import VENDOR

PAGE = (Path(__file__).parents[2] / "docs" / "check-your-sdk.md").read_text(encoding="utf-8")
FAULTS = all_faults()


def test_every_group_has_a_row() -> None:
    """
    The page has a row for each group of faults, with the number of them; what it names is among them.
    """
    rows = re.findall(r"^\| ([A-Z][\w ]+) \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    named = {name: group for group, _, names in rows for name in names.split("; ")}

    assert Counter(fault.group for fault in FAULTS) == {group: int(count) for group, count, _ in rows}
    assert named == {fault.name: fault.group for fault in FAULTS if fault.name in named}


def test_calls() -> None:
    """
    The calls of the page meet a fault, and hold.
    """
    (block,) = [found for found in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "CALLS =" in found]
    names: dict[str, Any] = {}
    exec(compile(block, "check-your-sdk.md", "exec"), names)  # noqa: S102 - our own page
    promises = names["PROMISES"]
    chosen = [fault for fault in FAULTS if fault.name in ("RST before any reply", "a 200 with an empty object")]

    assert isinstance(promises, Promises)
    assert [True, True] == [row.held for row in check_faults(VENDOR, promises, faults=chosen)]


def test_session() -> None:
    """
    The session of the page is one that runs; the page tells with how many codes sessions are closed.
    """
    (block,) = [found for found in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "TALK =" in found]
    names: dict[str, Any] = {}
    exec(compile(block, "check-your-sdk.md", "exec"), names)  # noqa: S102 - our own page

    assert (6, True) == (names["TALK"].frames, f"with {len(CODES)} codes" in PAGE)
    blocking, awaiting = Mock(colour="blocking"), Mock(colour="awaiting")
    assert names["TALK"].call(blocking, [], 1.0).action is not names["TALK"].call(awaiting, [], 1.0).action


def test_in_time() -> None:
    """
    The page tells the seconds that a call may take beyond its attempts.
    """
    assert f"and {SLACK:g} s for a machine that has other things to do" in PAGE
