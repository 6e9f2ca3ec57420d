from __future__ import annotations

import time

import anyio
import pytest

from failwell.clock import VirtualClock
from failwell.conformance import burst
from failwell.conformance.bench import LONGEST_PAUSE, PATIENT, PAUSE, BenchClock
from failwell.sandbox import Sandbox
from pictograph_server.vendor import VENDOR


@pytest.mark.parametrize("awaiting", [False, True], ids=["blocking", "awaiting"])
def test_retries_cost_nothing(awaiting: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The first waits of a call take no real time, those of a poll that goes on more and more: a job gets the machine.
    """
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(anyio if awaiting else time, "sleep", asleep if awaiting else slept.append)
    clock = BenchClock()
    for _ in range(PATIENT + 12):
        if awaiting:
            anyio.run(clock.asleep, 60.0)
        else:
            clock.sleep(60.0)

    assert [0.0] * PATIENT + [PAUSE * nth for nth in range(1, 10)] + [LONGEST_PAUSE] * 3 == slept
    assert ([60.0] * (PATIENT + 12), 60.0 * (PATIENT + 12)) == (clock.waits(), clock.now())


@pytest.mark.parametrize(
    ("role", "most", "let_in"), [("free", 1000, 20), ("free", 20, 20), ("free", 5, 5), ("pro", 50, 50)]
)
def test_burst(role: str, most: int, let_in: int) -> None:
    """
    A key is let in as often as its tier may burst; whoever asks for fewer requests sends no more.
    """
    with Sandbox(VENDOR, clock=VirtualClock()) as sandbox:
        found = burst(sandbox, "/api/v1/developer/datasets/", {"X-API-Key": sandbox.key(role)}, most=most)
        sent = len(sandbox.log.wait_for(min(most, let_in + 1)))

        assert (let_in, min(most, let_in + 1)) == (found, sent)
