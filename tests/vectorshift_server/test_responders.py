"""Model providers that misbehave, in runs and in sessions; and which are named in the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import SandboxError, find_vendor
from vectorshift_server import Settings
from vectorshift_server.vendor import SETTINGS, VENDOR, from_environment, serve as serve_vendor

from .api import Api
from .talking import talked

DOWN = "The model provider failed. Try again in a few minutes."


@pytest.mark.parametrize(
    ("name", "said"), [("Silent", "The model provider gave no answer within 0.2 s."), ("Broken", DOWN), ("Odd", DOWN)]
)
def test_within_limits(serve: Callable[[Settings], Api], name: str, said: str) -> None:
    """
    A provider that hangs, raises, or gives what is no text costs a run, or an answer, its result, and says no secret.
    """
    api = serve(Settings(responder=f"tests.vectorshift_server.responders:{name}", answer_seconds=0.2))
    agent_id = api.agent()
    made: dict[str, Any] = {"type": "create_session", "object_type": "agent", "object_id": agent_id}
    session_id = talked(api, [made])[0]["session_id"]
    talked(api, [{"type": "post_message", "session_id": session_id, "content": "Hello"}])

    ended = api.run(api.pipeline({"a": ("agent", {"agent": agent_id, "input": "Hello"})}))
    history = talked(api, [{"type": "get_messages", "session_id": session_id}])[0]["messages"]

    assert ("failed", f'node "a": {said}') == (ended["status"], ended["error"])
    assert {"type": "error_message", "error": said} == history[-1]["content"]


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The settings are JSON in VECTORSHIFT_SERVER, and those of the class without it; the vendor is found by its name.
    """
    assert Settings() == from_environment()
    monkeypatch.setenv(SETTINGS, '{"answer_seconds": 5, "runs_at_once": 1}')
    assert Settings(answer_seconds=5, runs_at_once=1) == from_environment()
    assert (VENDOR, "/v1") == (find_vendor("vectorshift"), VENDOR.base_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"no_such": 1}', '{"answer_seconds": "x"}', '{"responder": "x"}', '{"responder": "os:no"}']
)
def test_bad_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """
    Settings that are none are a SandboxError that names the variable, and nothing is left open.
    """
    monkeypatch.setenv(SETTINGS, text)

    with pytest.raises(SandboxError, match="VECTORSHIFT_SERVER has no settings"):
        serve_vendor(tmp_path, VirtualClock())
