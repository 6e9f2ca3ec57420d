"""What the page's snippets take for granted: a client, a picture, and time that costs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.own_sleeps import noted_asyncio_sleeps

from .stage import Stage


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a snippet slept, which took no time."""
    return noted_asyncio_sleeps(monkeypatch)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    """A folder with an image.jpg in it, and no setting around it."""
    for name in ("scopix_api_key", "scopix_base_url", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    (tmp_path / "image.jpg").write_bytes(b"a picture")
    monkeypatch.chdir(tmp_path)
    return Stage()
