"""Tests of this folder meet no proxy and no key of the machine they run on."""

from __future__ import annotations

import pytest

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies, keys or base URLs from outside."""
    for name in (*PROXIES, "pictograph_api_key", "pictograph_base_url"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
