"""The page about adopting a contract: its code runs, against a server that answers as it says."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from failwell.clock import SystemClock
from tests.adapt.scripted_server import ScriptedServer

PAGE = Path(__file__).parents[2] / "docs" / "adopt.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Every block of the page runs, one after the other.
    """
    monkeypatch.setattr(SystemClock, "sleep", lambda _clock, _seconds: None)
    with ScriptedServer() as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server.answer(200)
        server.answer(409, {"code": "out_of_stock", "sku": "unicorn"}, X_Request_ID="req_2")
        server.answer(200)
        server.answer(503, Retry_After="2")
        server.answer(200, {"after": "2 attempts"})
        server.answer(200, {"ordered": "teapot"})
        names: dict[str, Any] = {"url": server.url, "nowhere": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        for block in BLOCKS:
            exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own page

        assert (6, []) == (len(server.seen), server.answers)
