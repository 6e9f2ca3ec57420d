"""Tests of this folder meet no key and no proxy of the machine they run on."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, base URLs or proxies from outside."""
    for name in ("pictograph_api_key", "pictograph_base_url", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
