"""What a call that succeeds costs more than a bare one, by the ways of docs/compare.md: python -m benchmarks.comparing.

Every way sends by an httpx client over a transport in memory; the least processor time of many rounds is the cost.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import httpx
import stamina
import tenacity
from fastapi_rfc9457 import raise_for_problem
from httpx_retries import Retry, RetryTransport

import failwell
from failwell.adapt.httpx import Transport, raising

ROUNDS = 300
CALLS = 20


class ShopError(failwell.Error, status="5XX", retry="transient"):
    """The shop has a problem."""


def ways() -> dict[str, Callable[[], object]]:
    below = httpx.MockTransport(lambda _request: httpx.Response(200, json={"ok": True}))
    bare = httpx.Client(transport=below, base_url="http://shop")
    retrying = httpx.Client(transport=RetryTransport(below, Retry(total=3)), base_url="http://shop")
    by_contract = httpx.Client(transport=Transport(ShopError, below), base_url="http://shop")
    hooked = httpx.Client(transport=below, base_url="http://shop", event_hooks={"response": [raising(ShopError)]})

    def by_hand() -> httpx.Response:
        return bare.get("/").raise_for_status()

    return {
        "bare": lambda: bare.get("/"),
        "`raise_for_status`": by_hand,
        "tenacity": tenacity.retry(stop=tenacity.stop_after_attempt(4))(by_hand),
        "stamina": stamina.retry(on=httpx.HTTPError, attempts=4)(by_hand),
        "httpx-retries": lambda: retrying.get("/").raise_for_status(),
        "fastapi-rfc9457's `raise_for_problem`": lambda: raise_for_problem(bare.get("/")),
        "Failwell's `raise_for`": lambda: failwell.raise_for(bare.get("/"), ShopError),
        "Failwell's event hook": lambda: hooked.get("/"),
        "Failwell's `calling`": lambda: failwell.calling(
            ShopError, lambda attempt: bare.get("/", headers=dict(attempt.headers))
        ),
        "Failwell's `Transport`": lambda: by_contract.get("/"),
    }


def seconds_of(call: Callable[[], object]) -> float:
    started = time.thread_time()
    for _ in range(CALLS):
        call()
    return (time.thread_time() - started) / CALLS


def main() -> None:
    calls = ways()
    least = dict.fromkeys(calls, float("inf"))
    gc.disable()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            least[name] = min(least[name], seconds_of(call))
    print(f"| Way | Microseconds more than a bare call of {least['bare'] * 1e6:.0f} |\n| --- | --- |")
    for name, seconds in least.items():
        if name != "bare":
            print(f"| {name} | {max(seconds - least['bare'], 0) * 1e6:.1f} |")


if __name__ == "__main__":
    main()
