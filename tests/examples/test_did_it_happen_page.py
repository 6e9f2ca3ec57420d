"""The page about what a failed call did: its code runs, against servers whose first answer is lost."""

from __future__ import annotations

import json
import re
import sys
import types
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest

from failwell.clock import VirtualClock
from tests.client.colours import RUN
from tests.servers.sockets import Peer, http, serving

PAGE = (Path(__file__).parents[2] / "docs" / "did-it-happen.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    Both clients get the answer that was lost, under one key each; the server says what had begun.
    """
    clock = VirtualClock()
    monkeypatch.setattr("failwell.client.core.SystemClock", lambda: clock)
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "pk_live_x")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setitem(sys.modules, "page", types.ModuleType("page"))
    keys: Counter[str] = Counter()

    def step(peer: Peer) -> None:
        assert peer.seen is not None
        key = peer.seen.headers["idempotency-key"]
        keys[key] += 1
        if keys[key] > 1:
            peer.say(http(200, RUN if "training" in peer.seen.target else json.dumps({"ordered": "teapot"}).encode()))

    names: dict[str, Any] = {"__name__": "page"}
    with serving(step) as server:
        monkeypatch.setenv("PICTOGRAPH_BASE_URL", server.url)
        names["url"] = server.url
        for block in BLOCKS:
            exec(compile(block, "did-it-happen.md", "exec", dont_inherit=True), names)  # noqa: S102 - our own page

    said = capsys.readouterr().out.splitlines()
    transport = httpx2.ASGITransport(app=names["app"], raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        replies = [await client.post("/orders") for _ in range(2)]

    assert (["unknown", "run_1", "unknown", "{'ordered': 'teapot'}"], [2, 2]) == (said, [*keys.values()])
    assert [(500, "done"), (409, "none")] == [(each.status_code, each.headers["side-effect"]) for each in replies]
