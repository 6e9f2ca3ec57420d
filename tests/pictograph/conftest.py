"""Tests of this folder meet no key and no proxy of the machine they run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox, find_vendor

from .shell import Shell

TWO_DAYS = 172_800.0


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, base URLs or proxies from outside."""
    for name in ("pictograph_api_key", "pictograph_base_url", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Sandbox, VirtualClock]]:
    """The reference server, one per process, and its clock."""
    clock = VirtualClock()
    with Sandbox(find_vendor("pictograph"), clock=clock) as sandbox:
        yield sandbox, clock


@pytest.fixture
def shell(served: tuple[Sandbox, VirtualClock]) -> Iterator[Shell]:
    """A shell on that server, with nothing armed and no limit used up."""
    sandbox, clock = served
    sandbox.script.clear()
    sandbox.log.clear()
    clock.advance(TWO_DAYS)
    yield Shell(sandbox, clock)
    # An answer that nobody asked for means that the command stopped early.
    assert () == sandbox.script.pending()
