from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

import pictograph

PAGE = (Path(__file__).parents[2] / "docs" / "time-and-cancellation.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def answer(request: httpx2.Request) -> httpx2.Response:
    """Three datasets, two of them at once; the second page comes when it is asked for again."""
    offset = int(request.url.params["offset"])
    asked.append(offset)
    if asked == [0, 2]:
        return httpx2.Response(500, json={"detail": "down"})
    rows = [{"id": f"d{n}", "name": f"n{n}", "created_at": "2026-01-01T00:00:00Z"} for n in range(offset, offset + 2)]
    return httpx2.Response(200, json={"data": rows[: 3 - offset], "pagination": {"has_more": offset == 0}})


asked: list[int] = []


def test_the_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The blocks of the page run, in order: a client with two bounds, and a list that is taken up again after an error.
    """
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, "time-and-cancellation.md", "exec"), names)  # noqa: S102 - our own page
    own = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = pictograph.Client("pk_live_x", http_client=own, max_retries=0)
    asked.clear()

    assert (10.0, 60.0) == (names["client"].timeout, names["client"].core.deadline)
    assert ["n0", "n1", "n2"] == names["all_names"](client)
    assert "2 given so far; once more\n" == capsys.readouterr().out
    assert [0, 2, 2] == asked
