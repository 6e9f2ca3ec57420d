"""Sessions that meet every fault, and SDKs that do not bear it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from failwell.conformance import Calls, Promises, Row
from failwell.conformance.faults import Dropped, all_faults
from failwell.conformance.faults.cases.sessions import CODES
from failwell.conformance.faults.runner import LOOPS, check_faults, faults_of

from .booth import PROMISES, READS, VENDOR, WRITES, AsyncClient, BoothError, Client, talks

assert PROMISES.calls is not None
assert PROMISES.calls.talks is not None
TALK = PROMISES.calls.talks
FAULTS = {fault.name: fault for fault in faults_of(PROMISES, VENDOR)}
DROPS = [fault for fault in FAULTS.values() if isinstance(fault.ends, Dropped)]


def short(rows: Iterable[Row]) -> list[tuple[str, str, str]]:
    """What does not hold."""
    return [
        (row.promise.sentence, lane, verdict.reason)
        for row in rows
        for lane, verdict in row.verdicts.items()
        if not verdict.held
    ]


@pytest.mark.parametrize("way", LOOPS)
def test_every_drop(way: str) -> None:
    """
    Wherever a session breaks off, is closed, goes silent or turns into something else, it ends as the contract says.
    """
    rows = list(check_faults(VENDOR, PROMISES, faults=DROPS, ways=(way,)))

    assert [] == short(rows)
    assert [[f"talks, {way}"]] * len(DROPS) == [list(row.verdicts) for row in rows]


def test_places() -> None:
    """
    A session breaks off before, in the head of and in the body of each frame, by FIN and by RST, and after the last.
    """
    breaking = [fault for fault in DROPS if fault.group == "Sessions that break off"]

    assert 2 * (3 * TALK.frames + 1) + TALK.frames + 1 == len(breaking)
    assert len(DROPS) == len({fault.steps for fault in DROPS})
    assert len(all_faults()) + len(DROPS) == len(FAULTS)


BARRED = "a session that is closed with 4404 when its answer is whole"
HANDSHAKES = (
    "a 404 with a sentence as detail",
    "a 503 with plain text",
    "a 200 with JSON null",
    "RST before any reply",
    "FIN in the headers",
    "no answer",
    "a 429 that asks for 2.5 seconds",
    "a 302 to another host",
    "a TLS handshake that is not answered",
    "FIN in the body of a 200",
    "a 200 with gzip that is none",
    "a 200 with 10 MB of JSON",
    "a body that drips",
    "a reply that is lost, by FIN, after the work was done",
    "a connection that is reset at once",
    "a proxy that ends by FIN",
)


@pytest.mark.parametrize("way", LOOPS)
def test_handshakes(way: str) -> None:
    """
    What happens to the handshake of a session ends as it does for a call that reads.
    """
    chosen = [FAULTS[name] for name in HANDSHAKES if name in FAULTS]
    rows = list(check_faults(VENDOR, PROMISES, faults=chosen, ways=(way,)))

    assert (len(HANDSHAKES), []) == (len(chosen), short(rows))
    assert {f"reads, {way}", f"writes, {way}", f"talks, {way}"} == {lane for row in rows for lane in row.verdicts}


def _everything(bench: Any, heard: list[Any], patience: float) -> Any:
    """An SDK that takes each piece for an answer."""
    return talks(bench, heard, patience, takes=lambda _piece: True)


def _nothing(bench: Any, heard: list[Any], patience: float) -> Any:
    """An SDK that gives no answer."""
    return talks(bench, heard, patience, takes=lambda _piece: False)


def _ends_well(bench: Any, heard: list[Any], patience: float) -> Any:
    """An SDK that takes a drop for an end."""

    def action(client: Any) -> None:
        with contextlib.suppress(BoothError):
            talks(bench, heard, patience)(client)

    return action


@pytest.mark.parametrize(
    ("action", "fault", "reason"),
    [
        (_everything, "FIN behind frame 4 of a session", "answers that looked whole: expected 0, saw 3"),
        (_nothing, "FIN behind frame 5 of a session", "answers that looked whole: expected 1, saw 0"),
        (_ends_well, "FIN behind frame 4 of a session", "expected CutOffError, it returned None"),
        (_ends_well, "silence before the first frame", "expected CutOffError, it returned None"),
        (
            _ends_well,
            "a session that is closed with 4404 when its answer is whole",
            "expected BarredError, it returned None",
        ),
    ],
)
def test_noticed(action: Any, fault: str, reason: str) -> None:
    """
    An answer that was cut and looks whole, one that is lost, and a drop that looks like an end are noticed.
    """
    promises = Promises((Client, AsyncClient), calls=Calls(READS, WRITES, replace(TALK, action=action)))
    (row,) = check_faults(VENDOR, promises, faults=[FAULTS[fault]], ways=("blocking",))

    assert [(fault, "talks, blocking", reason)] == short([row])


def test_ends_that_are_no_drops() -> None:
    """
    A close code that ends a session is no fault of it.
    """
    calls = Calls(READS, WRITES, replace(TALK, ends_with=(1000,)))
    found = {fault.name for fault in faults_of(Promises((Client, AsyncClient), calls=calls), VENDOR)}

    assert {1000} == {code for code in CODES if all(f"closed with {code} " not in name for name in found)}
