"""The page about adopting a contract: its code runs, against a server that answers as it says."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from failwell.clock import SystemClock
from failwell.sandbox.serving import serve
from tests.own_sleeps import noted_sleeps
from tests.servers.scripted import ScriptedServer

PAGE = Path(__file__).parents[2] / "docs" / "adopt.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Every block of the page runs, one after the other.
    """
    monkeypatch.setattr(SystemClock, "sleep", lambda _clock, _seconds: None)
    waited = noted_sleeps(monkeypatch)
    with ScriptedServer() as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server.answer(200)
        server.answer(409, {"code": "out_of_stock", "sku": "unicorn"}, X_Request_ID="req_2")
        server.answer(200)
        server.answer(503, Retry_After="2")
        server.answer(200, {"after": "2 attempts"})
        server.answer(200, {"ordered": "teapot"})
        server.answer(503, Retry_After="7")
        for _engine in ("tenacity", "stamina", "backoff"):
            server.answer(503, Retry_After="7")
            server.answer(200, {"after": "2 attempts"})
        server.answer(404, {"code": "no_such_order", "order_id": 7}, X_Request_ID="req_12")
        server.answer(503)
        server.answer(200, {"after": "2 attempts"})
        server.answer(409, {"code": "out_of_stock", "sku": "unicorn"})
        server.answer(409, {"code": "out_of_stock", "sku": "unicorn"})
        names: dict[str, Any] = {"url": server.url, "nowhere": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        for block in BLOCKS:
            exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)  # noqa: S102 - our own page

        assert (18, []) == (len(server.seen), server.answers)
        assert [7.0, 7.0, 7.0] == waited
    monkeypatch.undo()
    with serve(names["app"]) as address:
        answer = requests.get(f"{address}/orders/7", timeout=5)
    said = answer.json()["error"]

    assert (404, "no_such_order", "There is no order 7.") == (answer.status_code, said["code"], said["message"])
