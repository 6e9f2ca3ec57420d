"""What the log `failwell.<vendor>` says of calls."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import httpx2
import pytest

from failwell import BreakerRules, BudgetRules, Resilience
from failwell.client.observability.events import EVENTS, FAILED, SENTENCES
from failwell.clock import VirtualClock
from pictograph import Client, PictographError
from tests.servers.sockets import http, serving

from .colours import KEY, RUN, asked, every_colour, raised, read

LOG = "failwell.pictograph"
FINE = http(200, RUN, "X-Request-ID: req-2")
OF_A_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and sentence of each record of ours."""
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == LOG]


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """The attributes of *record* that no other has."""
    return {name: value for name, value in vars(record).items() if name not in OF_A_RECORD}


@every_colour
def test_retries(colour: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    A retry is logged at INFO, with its facts as attributes of the record; at that level attempts are not.
    """
    caplog.set_level(logging.INFO, LOG)
    with serving(http(503), FINE) as server:
        asked(colour, read, base_url=server.url, max_retries=1, clock=VirtualClock(seed=1))
    (record,) = [record for record in caplog.records if record.name == LOG]

    delay = facts(record)["delay"]
    assert ("INFO", f"training.get: status 503; retry 1 in {delay:.3g} s") == (record.levelname, record.getMessage())
    assert {
        "event": "retry",
        "operation": "training.get",
        "retry": 1,
        "delay": delay,
        "reason": "status 503",
    } == facts(record)


@every_colour
def test_attempts(colour: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    Calls and attempts are logged at DEBUG, with their facts.
    """
    caplog.set_level(logging.DEBUG, LOG)
    with serving(http(404, b'{"detail": "No"}')) as server:
        raised(colour, read, base_url=server.url)
        address = f"{server.url}/api/v1/developer/training/run_1"
    took, elapsed = [
        vars(record)[fact] for record, fact in zip(caplog.records[-2:], ("duration", "elapsed"), strict=True)
    ]

    assert [
        ("DEBUG", f"training.get: GET {address}"),
        ("DEBUG", f"GET {address}, resend 0"),
        ("DEBUG", f"GET {address}: status 404 in {took:.3f} s"),
        ("DEBUG", f"training.get: NotFoundError in {elapsed:.3f} s, attempts: 1"),
    ] == lines(caplog)


def test_what_is_held_back(caplog: pytest.LogCaptureFixture) -> None:
    """
    R10. A suppressed retry, an open breaker and a call that is not sent are warnings, on by default.
    """
    clock = VirtualClock()
    own = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(503)))
    rules = Resilience(BudgetRules(floor=0, per_call=0.0), BreakerRules(calls=2, ratio=1.0))
    with Client(KEY, base_url="http://held.test", http_client=own, clock=clock, resilience=rules) as client:
        for _ in range(3):
            with pytest.raises(PictographError):
                read(client)

    circuit = "training.get at http://held.test"
    spent = (
        "the retry budget of the server is used up: 0 within 10 s, or 0% of the calls of this process if that is more"
    )
    why = "2 of 2 tries within 30 s failed"
    assert [
        ("WARNING", f"training.get: not retried: {spent}"),
        ("WARNING", f"{circuit}: not sent for 30 s: {why}"),
        ("WARNING", "training.get: not retried: the circuit of"),
        ("WARNING", "training.get: not sent: the circuit of"),
    ] == [(level, said.partition(f" {circuit} is open")[0]) for level, said in lines(caplog)]


def test_every_event_has_a_sentence() -> None:
    """
    There is a sentence for each event, and no fact would overwrite an attribute that every record has.
    """
    assert list(EVENTS) == list(SENTENCES)
    assert set(FAILED) <= set(EVENTS)
    for facts_of in EVENTS.values():
        assert set() == {"event", *facts_of.__annotations__} & OF_A_RECORD


SILENT = """
import httpx2
from pictograph import Client, PictographError

def answer(request):
    return httpx2.Response(429, headers={"Retry-After": "500"})

own = httpx2.Client(transport=httpx2.MockTransport(answer))
try:
    Client("k", base_url="http://t", http_client=own).datasets.list()
except PictographError as error:
    print(error.suppression.by)
"""


def test_silent_unless_asked() -> None:
    """
    A program that did not set up logging sees nothing of ours on stderr, warnings neither.
    """
    done = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True, check=True)

    assert ("retry_after\n", "") == (done.stdout, done.stderr)
