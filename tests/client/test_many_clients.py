"""What is left of clients that are gone: nothing that grows with their number."""

from __future__ import annotations

import gc
import logging
from typing import Any

import pytest

from failwell import Resilience
from failwell.client.observability import log_masking
from failwell.runtime import shared_state
from pictograph import AsyncClient, Client

from .colours import every_colour


def known_keys() -> int:
    """How many keys are masked in log_masking."""
    return sum(len(known) for known in log_masking._FILTER._by_start.values())


def said(text: str) -> str:
    """*text* as the HTTP library's logger would tell it."""
    record = logging.LogRecord("httpx2", logging.INFO, "", 0, text, (), None)
    log_masking._FILTER.filter(record)
    return record.getMessage()


def made(colour: str, key: str) -> Any:
    """A client with *key*."""
    return (Client if colour == "blocking" else AsyncClient)(key, base_url="http://many.test")


@every_colour
def test_keys_of_clients_that_are_gone(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The keys of clients that are gone are masked in logs for a while, and then forgotten.
    """
    monkeypatch.setattr(log_masking, "MOST_GONE", 10)
    gc.collect()
    made(colour, "ZQ_first")
    before = known_keys()
    for number in range(200):
        made(colour, f"ZQ_{number:06}")
    gc.collect()
    made(colour, "ZQ_last")

    assert known_keys() - before <= 10
    assert "ZQ_000000 *** ***" == said("ZQ_000000 ZQ_000199 ZQ_last")


def test_keys_of_clients_that_live() -> None:
    """
    R4. The keys of all clients there are are masked, short ones and those that begin alike, too.
    """
    keys = [*(f"ZQ_{number}" for number in range(1_500)), "k1", "12345678", "123456789"]
    clients = [made("blocking", key) for key in keys]

    assert len(keys) == len(clients)
    assert " ".join(["***"] * len(keys)) == said(" ".join(keys))


def test_two_clients_with_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    R4. A key is masked as long as one client has it.
    """
    monkeypatch.setattr(log_masking, "MOST_GONE", 0)
    clients = [made("blocking", "ZQ_shared") for _ in range(3)]
    del clients[1:]
    gc.collect()
    made("blocking", "ZQ_another")

    assert "***" == said("ZQ_shared")
    del clients[:]
    gc.collect()
    made("blocking", "ZQ_another")
    assert "ZQ_shared" == said("ZQ_shared")


def test_paces_of_clients_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    How long the calls with a key are held back is remembered of so many keys and no more.
    """
    monkeypatch.setattr(shared_state, "MOST_CALLERS", 10)
    clients = [
        Client(f"ZQ_{number}", base_url="http://paced.test", resilience=Resilience(pacing=True)) for number in range(50)
    ]
    guards = [client.core._guards.of("datasets.list", "/") for client in clients]
    origin = clients[0].core._guards._own

    assert (10, 50) == (len(origin._pacers), len({id(guard.pacer) for guard in guards}))
    again = Client("ZQ_49", base_url="http://paced.test", resilience=Resilience(pacing=True))
    assert guards[49].pacer is again.core._guards.of("datasets.list", "/").pacer
