"""Faults: websocket sessions that break off, are closed, go silent or turn into something else."""

from __future__ import annotations

from collections.abc import Iterator

from failwell.conformance.calls import Talk
from failwell.conformance.faults.model import ENOUGH, Dropped, Fault
from failwell.sandbox.faults.steps import BreakSession, SessionEnd

LITTLE = 1.0
"""Real seconds of an attempt that meets silence, within which a session has to be opened first."""
ENDS: tuple[tuple[str, SessionEnd], ...] = (("FIN", "close"), ("RST", "reset"))
LATER_ENDS: tuple[tuple[str, SessionEnd], ...] = (("RST", "reset"), ("silence", "silence"), ("no frame", "garbage"))
CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4000, 4404)
"""Close codes, of the protocol and of vendors."""


def faults(talk: Talk) -> Iterator[Fault]:
    """All of them, in what a server says in the session *talk*."""
    yield from _breaking(talk)
    yield from _closed(talk)
    yield from _silent(talk)


def _breaking(talk: Talk) -> Iterator[Fault]:
    group = "Sessions that break off"
    for frames in range(talk.frames + 1):
        whole = int(frames == talk.frames)
        where = f"behind frame {frames} of a session" if frames else "before the first frame of a session"
        for sort, then in ENDS:
            # What was on its way may be lost with a reset.
            ends = Dropped(whole=whole if then == "close" or not whole else None)
            yield _met(group, f"{sort} {where}", ends, BreakSession(frames, then=then))
            if frames < talk.frames:
                place = f"frame {frames + 1} of a session"
                yield _met(group, f"{sort} in the head of {place}", ends, BreakSession(frames, into=1, then=then))
                yield _met(group, f"{sort} in the body of {place}", ends, BreakSession(frames, into=9, then=then))
        garbage = BreakSession(frames, then="garbage")
        yield _met(group, f"what is no frame {where}", Dropped(1002, "unreadable", whole=whole), garbage)


def _closed(talk: Talk) -> Iterator[Fault]:
    group = "Sessions that are closed"
    for code in CODES:
        if code in talk.ends_with:
            continue
        for frames, where in (
            (talk.frames - 1, "before its answer is whole"),
            (talk.frames, "when its answer is whole"),
        ):
            whole = int(frames == talk.frames)
            name = f"a session that is closed with {code} {where}"
            yield _met(group, name, Dropped(code, whole=whole), BreakSession(frames, code=code))
    yield _met(group, "a session that is closed before its first frame", Dropped(1011), BreakSession(code=1011))
    for sort, then in LATER_ENDS:
        ends = Dropped(None if then == "reset" else 1012)
        step = BreakSession(talk.frames - 1, code=1012, then=then)
        yield _met(group, f"{sort} after the close frame of a session", ends, step)


def _silent(talk: Talk) -> Iterator[Fault]:
    group = "Sessions that go silent"
    last = talk.frames - 1
    gone = Dropped(kind="timeout")
    yield _met(group, "silence before the first frame", gone, BreakSession(then="silence"), timeout=LITTLE)
    yield _met(group, "silence before an answer is whole", gone, BreakSession(last, then="silence"), timeout=LITTLE)
    cut = BreakSession(last, into=9, then="silence")
    yield _met(group, "silence in the middle of a frame", gone, cut, timeout=LITTLE)
    whole = Dropped(kind="timeout", whole=1)
    yield _met(group, "silence after an answer", whole, BreakSession(talk.frames, then="silence"), timeout=LITTLE)


def _met(group: str, name: str, ends: Dropped, step: BreakSession, timeout: float = ENOUGH) -> Fault:
    return Fault(group, name, ends, (step,), timeout=timeout)
