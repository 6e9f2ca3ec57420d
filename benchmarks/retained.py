"""What an error costs that is kept: P7. The memory of a thousand of them, with their tracebacks and their evidence."""

from __future__ import annotations

import gc
import tracemalloc

import httpx2

import pictograph
from benchmarks.measuring import Spread, caught, spread

KEPT = 1000
STATUSES = {404: pictograph.NotFoundError, 422: pictograph.ValidationError, 503: pictograph.ServerError}


def per_error(rounds: int, kept: int = KEPT) -> Spread:
    """KiB that each of *kept* errors retains whose replies had no body: of calls that failed at once."""
    sizes: list[float] = []
    for _ in range(rounds):
        sizes += [_retained(status, kept) for status in STATUSES]
    return spread(sizes)


def _retained(status: int, kept: int) -> float:
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(status, headers={"x-request-id": "req-1"}))
    with httpx2.Client(base_url="http://test", transport=answer) as bare:
        client = pictograph.Client("pk_live_x", base_url="http://test", http_client=bare, max_retries=0)
        call = caught(lambda: client.training.get("run_1"), STATUSES[status])
        call()  # what is made once is nobody's
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            errors = [call() for _ in range(kept)]
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(errors) == kept
    return (after - before) / kept / 1024
