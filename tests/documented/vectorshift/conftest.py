"""A key, and no other setting of the machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import vectorshift
from tests.vectorshift.sdk import Sdk

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key, and no proxy and no other address."""
    for name in (*PROXIES, "vectorshift_base_url"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("VECTORSHIFT_API_KEY", "vs-x")
    monkeypatch.setattr(vectorshift, "api_key", None)
    yield
    vectorshift.CLIENTS.close()


@pytest.fixture(params=["blocking", "awaiting"])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """The SDK, once blocking, once awaiting."""
    return Sdk(request.param)
