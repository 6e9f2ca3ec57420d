"""Tests of this folder meet no key and no proxy of the machine they run on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .talk import COLOURS, Talk


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, base URLs or proxies from outside."""
    for name in ("scopix_api_key", "scopix_base_url", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=COLOURS)
def talk(request: pytest.FixtureRequest) -> Callable[..., Talk]:
    """A client that is answered by a script: blocking, on asyncio and on trio."""
    return lambda *answers, **more: Talk(str(request.param), *answers, **more)
