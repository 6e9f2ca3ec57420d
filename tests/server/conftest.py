"""A desk to call the shop at; time moves only when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.server import Idempotency, KeyStore, SqliteStore, install

from .shop import SHOP, Desk, OpenDesk, Shop


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Each test runs on both event loops."""
    return str(request.param)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until a test moves it."""
    return VirtualClock()


@pytest.fixture
def shop() -> Shop:
    """A new shop."""
    return Shop()


@pytest.fixture
def open_desk(tmp_path: Path, shop: Shop, clock: VirtualClock) -> Iterator[OpenDesk]:
    """Open a desk; what is given by name goes to `Idempotency`, or to `install` where that knows it."""
    opened: list[Desk] = []

    def open_one(**options: Any) -> Desk:
        statements: list[str] = []
        keys = KeyStore(tmp_path / "keys.db", clock=clock, trace=statements.append)
        store = SqliteStore(
            tmp_path / "answers.db", clock=clock, trace=statements.append, busy=options.pop("busy", 1.0)
        )
        settings = ("limits", "strict", "convert", "public", "writers", "declares_effects")
        ours = {name: options.pop(name) for name in settings if name in options}
        idempotency = Idempotency(options.pop("store", store), **options)
        contract = install(shop.app, SHOP, keys=keys, idempotency=idempotency, clock=clock, **ours)
        opened.append(Desk(shop, contract, keys, store, clock, statements))
        return opened[-1]

    yield open_one
    for desk in opened:
        desk.keys.close()
        desk.store.close()


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk with the default policy."""
    return open_desk()
