"""What idempotency needs of a store. Four of them stand beside it; a vendor may bring another."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from failwell.contract.case import SideEffect
from failwell.server.stored_response import StoredResponse


class Record(NamedTuple):
    """Key of an idempotency record: another tenant, method, route or key is another record."""

    tenant: str
    method: str
    route: str
    key: str


def kept_effect(before: SideEffect, *, tells: bool) -> SideEffect:
    """What a record says of the side effects of all who had its key, once somebody new owns it who *tells* of his."""
    return before if tells or before == "done" else "unknown"


def digest(record: Record) -> bytes:
    """A name of *record* that has one length, whatever its parts are."""
    return hashlib.sha256(json.dumps(record).encode()).digest()


@dataclass(frozen=True, slots=True)
class Claimed:
    """The idempotency key was free: the request runs now, under a lease.

    *before* is what the requests did that had the key and were not answered: "none" if there was none, or each of them
    said when its side effects began, and none had; None if the store cannot say.
    """

    before: SideEffect | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """The idempotency key was used for another body."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody else runs the same request now; its lease lasts another *leased_for* seconds, if the store knows."""

    leased_for: float | None = None


Claim = Claimed | StoredResponse | Conflict | InProgress


class Store(Protocol):
    """Keeps records. *lease* and *kept* are seconds from now.

    The methods may block: they are called in worker threads, unless the store's attribute `blocking` is False.
    Each may raise `StoreDownError`. They are atomic across the threads, processes and hosts that share the store, and
    those read one clock, which does not jump: a lease must not end early, nor late, when the time of day is set.
    """

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*.

        The record outlasts its lease, renewed or not, whatever *kept* says. An owner that *tells* renews with *begun*
        before its first side effect; one that does not may have done anything when it is heard of no more.
        """
        ...

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        """Let the lease begin anew; False if *record* is not *owner*'s any more.

        With *begun* it is remembered that a side effect has begun, or is about to.
        """
        ...

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more.

        It is asked again after a failure: *owner*'s answer that is there already is kept, and not changed.
        """
        ...

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        ...
