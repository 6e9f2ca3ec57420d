"""What a request leaves behind when it is answered."""

from __future__ import annotations

import gc

from benchmarks.servers.pairs import in_memory

CALLS = 20


def test_a_request_leaves_nothing_to_the_garbage_collector() -> None:
    """
    What belongs to a request is freed with its answer, an error's too: no cycle waits for the collector.
    """
    left: dict[str, int] = {}
    with in_memory() as pairs:
        for pair in pairs:
            pair.ours()
            gc.collect()
            gc.disable()
            try:
                for _ in range(CALLS):
                    pair.ours()
                left[pair.what] = gc.collect() // CALLS
            finally:
                gc.enable()

    assert dict.fromkeys(left, 0) == left
    assert len(left) >= 8
