from __future__ import annotations

import re
import sys
import types
from collections.abc import Generator
from pathlib import Path

import pytest

from failwell.clock import VirtualClock
from failwell.policy import SessionRules
from tests.client.talks import Talks, talking

PAGE = (Path(__file__).parents[2] / "docs" / "sessions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
USE, AWAITING, AGAIN, SCRIPTED, DECLARED = BLOCKS


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[Talks]:
    """A desk, and the module of the page."""
    desk = types.ModuleType("desk")
    monkeypatch.setitem(sys.modules, "desk", desk)
    exec(compile(DECLARED, "desk.py", "exec"), desk.__dict__)  # noqa: S102 - our own page
    clock = VirtualClock()
    monkeypatch.setattr("failwell.client.core.SystemClock", lambda: clock)
    monkeypatch.setenv("DESK_API_KEY", "dk_live_x")
    monkeypatch.setenv("NO_PROXY", "*")
    with talking() as talks:
        monkeypatch.setenv("DESK_BASE_URL", talks.url)
        yield talks


def printed(block: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a block of the page prints."""
    exec(compile(block, "sessions.md", "exec"), {"__name__": "sessions_page"})  # noqa: S102 - our own page
    return capsys.readouterr().out.splitlines()


def test_use(server: Talks, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The programs of the page hear an answer, and why the session ended.
    """
    server.ends.append((1, 1012))

    assert ["HELLO", "1012 restarting ()"] == printed(USE, capsys)
    assert ["HELLO"] == printed(AWAITING, capsys)


def test_go_on(server: Talks, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The hook of the page asks where we were.
    """
    server.ends += [(0, 1012), (1, 1000)]

    assert ["WHERE WERE WE?"] == printed(AGAIN, capsys)


def test_scripted(server: Talks, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The script of the page answers once and restarts; no server is asked.
    """
    expected = ["HELLO", "1012 restarting", "['create_session', 'connect_session', 'post_message']"]
    assert expected == printed(SCRIPTED, capsys)
    assert [] == server.asked


def test_rules() -> None:
    """
    The table of the page has all rules.
    """
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", PAGE, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row) if name != "SessionRules"]

    assert sorted(SessionRules.__match_args__) == sorted(named)
