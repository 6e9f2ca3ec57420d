"""Idempotency records in the memory of one process, which forgets them when it ends."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass

from failwell.clock import ServerClock, SystemClock
from failwell.contract.case import SideEffect
from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, kept_effect
from failwell.server.stored_response import StoredResponse

PURGED_AT_ONCE = 16
"""Expired records that one claim removes: more than it adds, so that they cannot pile up."""


@dataclass(slots=True)
class _Kept:
    """One record. It is forgotten at *kept_until*; without an *answer* it is *owner*'s until *leased_until*."""

    fingerprint: bytes
    owner: str
    leased_until: float
    kept_until: float
    effect: SideEffect
    answer: StoredResponse | None = None


class MemoryStore:
    """Keeps records in memory: for an app of one process whose keys need not outlive it, and for tests.

    Several workers do not see one another's records, so that a repeated call may be done once by each of them.
    """

    blocking = False
    """It is asked in the event loop: a dict answers sooner than a thread is woken up."""

    def __init__(self, *, clock: ServerClock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._records: dict[Record, _Kept] = {}
        self._ends: list[tuple[float, Record]] = []
        """When records may be forgotten, the soonest first; a record that is kept for longer since is here twice."""
        self._lock = threading.Lock()

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*."""
        with self._lock:
            now = self._clock.now()
            self._purge(now)
            found = self._records.get(record)
            if found is not None and found.kept_until > now:
                if found.fingerprint != fingerprint:
                    return Conflict()
                if found.answer is not None:
                    return found.answer
                if found.leased_until > now:
                    return InProgress(leased_for=round(found.leased_until - now, 3))
            # However short the answer is to be kept: while it is waited for, the record must be there.
            before = "none" if found is None or found.kept_until <= now else found.effect
            mine = _Kept(fingerprint, owner, now + lease, now + max(kept, lease), kept_effect(before, tells=tells))
            self._records[record] = mine
            heapq.heappush(self._ends, (mine.kept_until, record))
            return Claimed(before)

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        """Let the lease begin anew; False if *record* is not *owner*'s any more. *begun*: its side effects begin."""
        with self._lock:
            mine = self._owned(record, owner)
            if mine is None or mine.answer is not None:
                return False
            mine.leased_until = self._clock.now() + lease
            if begun:
                mine.effect = "done"
            self._keep(record, mine, max(mine.kept_until, mine.leased_until))
            return True

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more."""
        with self._lock:
            mine = self._owned(record, owner)
            if mine is None:
                return False
            if mine.answer is None:
                mine.answer = answer
                self._keep(record, mine, self._clock.now() + kept)
            return True

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        with self._lock:
            mine = self._owned(record, owner)
            if mine is None or mine.answer is not None:
                return False
            del self._records[record]
            return True

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()
            self._ends.clear()

    def __len__(self) -> int:
        """How many records are remembered."""
        return len(self._records)

    def _owned(self, record: Record, owner: str) -> _Kept | None:
        found = self._records.get(record)
        return found if found is not None and found.owner == owner else None

    def _keep(self, record: Record, mine: _Kept, until: float) -> None:
        if until < mine.kept_until:
            heapq.heappush(self._ends, (until, record))  # the entry that is there would come too late
        mine.kept_until = until

    def _purge(self, now: float) -> None:
        """Forget a few of what is kept no longer."""
        for _ in range(PURGED_AT_ONCE):
            if not self._ends or self._ends[0][0] > now:
                return
            _, record = heapq.heappop(self._ends)
            found = self._records.get(record)
            if found is None:
                continue
            if found.kept_until <= now:
                del self._records[record]
            else:
                heapq.heappush(self._ends, (found.kept_until, record))
