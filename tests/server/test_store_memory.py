from __future__ import annotations

from failwell.clock import VirtualClock
from failwell.server import Claimed, MemoryStore, Record, StoredResponse
from failwell.server.idempotency.memory_store import PURGED_AT_ONCE


def test_what_is_kept_no_longer_is_forgotten() -> None:
    """
    Each claim forgets more expired records than it adds, answered for a short time or a long one, in any order.
    """
    clock = VirtualClock()
    store = MemoryStore(clock=clock)
    for number in range(100):
        record = Record("a", "POST", "/orders", str(number))
        store.claim(record, b"", "o", lease=60, kept=1000)
        if number % 3:
            store.complete(record, "o", StoredResponse(200, (), b"", "r"), kept=10 if number % 3 == 1 else 2000)
    clock.advance(100)
    for number in range(100, 100 + 33 // PURGED_AT_ONCE + 1):
        assert Claimed() == store.claim(Record("a", "POST", "/orders", str(number)), b"", "o", lease=60, kept=1000)

    assert 100 - 33 + 33 // PURGED_AT_ONCE + 1 == len(store)
    clock.advance(3000)
    for number in range(200, 210):
        store.claim(Record("a", "POST", "/orders", str(number)), b"", "o", lease=60, kept=1000)
    assert 10 == len(store)
