from __future__ import annotations

import time
from typing import Any

import anyio
import pytest

from failwell.clock import VirtualClock
from failwell.conformance import burst, repeated
from failwell.conformance.adapter import settled
from failwell.conformance.bench import LONGEST_PAUSE, PATIENT, PAUSE, BenchClock
from failwell.sandbox import Sandbox
from pictograph_server.vendor import VENDOR


class Counter:
    """A client whose calls fail by number, blocking or awaited."""

    def __init__(self, fails: dict[int, BaseException], *, awaiting: bool) -> None:
        self.calls = 0
        self._fails = fails
        self._awaiting = awaiting

    def call(self) -> Any:
        """One more call."""
        return self._acall() if self._awaiting else self._done()

    async def _acall(self) -> None:
        self._done()

    def _done(self) -> None:
        self.calls += 1
        if self.calls in self._fails:
            raise self._fails[self.calls]


@pytest.mark.parametrize("awaiting", [False, True], ids=["blocking", "awaiting"])
@pytest.mark.parametrize(
    ("fails", "ignoring", "ends", "calls"),
    [
        ({}, (), None, 5),
        ({3: KeyError()}, (), KeyError, 3),
        ({1: KeyError(), 2: KeyError()}, (KeyError,), None, 5),
        ({1: KeyError(), 4: ValueError()}, (KeyError,), ValueError, 4),
    ],
)
def test_repeated(
    awaiting: bool,
    fails: dict[int, BaseException],
    ignoring: tuple[type[BaseException], ...],
    ends: type[BaseException] | None,
    calls: int,
) -> None:
    """
    A call is made again on one client, in either colour, until it raises what is not to be ignored.
    """
    client, ended = Counter(fails, awaiting=awaiting), None

    try:
        anyio.run(settled, repeated(lambda client: client.call(), 5, ignoring=ignoring)(client))
    except (KeyError, ValueError) as error:
        ended = type(error)

    assert (ends, calls) == (ended, client.calls)


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
