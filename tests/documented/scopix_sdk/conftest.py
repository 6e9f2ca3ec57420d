"""What the page's snippets take for granted: a client, a picture, and time that costs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from .stage import Stage


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a snippet slept, which took no time."""
    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    """A folder with an image.jpg in it, and no setting around it."""
    for name in ("scopix_api_key", "scopix_base_url", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / "image.jpg").write_bytes(b"a picture")
    monkeypatch.chdir(tmp_path)
    return Stage()
