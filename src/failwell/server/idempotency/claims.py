"""The way to a store of idempotency records: in threads, on time, with one owner token for each request."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import anyio

from failwell.server.idempotency.policy import Idempotency, in_progress, store_down
from failwell.server.idempotency.store import Claim, Claimed, InProgress, Record
from failwell.server.side_effects import Effects
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.threads import InLoop, Threads
from failwell.server.stored_response import StoredResponse

logger = logging.getLogger("failwell.server")

RENEWALS = 12
"""How often an owner renews its lease in the length of one."""

OVERDUE = 1.5 / RENEWALS
"""The part of a lease after which an owner that has not renewed it has missed a renewal."""

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between two tries to tell a store that is down what has become of a claim, at first and at most."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which record a request wants or has, and the token that proves it."""

    record: Record
    owner: str


def ticket_for(record: Record) -> Ticket:
    """A ticket that nobody else has."""
    return Ticket(record, secrets.token_hex(16))


class Claims:
    """Claims, renews and settles records in the store of *policy*."""

    def __init__(self, policy: Idempotency) -> None:
        self.policy = policy
        self._threads: Threads | InLoop = Threads() if getattr(policy.store, "blocking", True) else InLoop()

    async def claim(self, ticket: Ticket, fingerprint: bytes, *, tells: bool = False) -> Claim:
        """Try to become the owner of the ticket's record, who *tells* when his side effects begin.

        Raises:
            StoreDownError: also if the store does not answer in time.
        """
        policy = self.policy

        def too_late(claim: Claim) -> None:
            # The request was refused meanwhile: nobody will run it, so nobody may own it.
            if isinstance(claim, Claimed):
                with suppress(StoreDownError):
                    policy.store.release(ticket.record, ticket.owner)

        durations = {"lease": policy.lease, "kept": policy.kept}
        ask = partial(policy.store.claim, ticket.record, fingerprint, ticket.owner, **durations, tells=tells)
        return await self._threads.run(ask, patience=policy.patience, late=too_late)

    def wait(self, claim: InProgress) -> int:
        """Whole seconds after which who met *claim* may try again.

        While the owner renews its lease, nobody knows when it will be done: the policy's `in_progress_wait`. An owner
        that has missed a renewal has probably died: then until its lease ends.
        """
        policy = self.policy
        if claim.leased_for is None or policy.lease - claim.leased_for <= OVERDUE * policy.lease:
            return policy.in_progress_wait
        return max(policy.in_progress_wait, math.ceil(claim.leased_for))

    def keeping(self, ticket: Ticket, answer: StoredResponse) -> Settlement:
        """What keeps *answer*, unless the record has got another owner."""
        keep = partial(self.policy.store.complete, ticket.record, ticket.owner, answer, kept=self.policy.kept)
        return Settlement(keep, "kept", self._threads)

    def releasing(self, ticket: Ticket) -> Settlement:
        """What forgets the record, unless it has got another owner."""
        return Settlement(partial(self.policy.store.release, ticket.record, ticket.owner), "released", self._threads)

    def abandoning(self, ticket: Ticket, *, begun: bool) -> Settlement:
        """What lets the lease end now: the key may be tried again, and what is known of side effects is remembered."""
        end = partial(self.policy.store.renew, ticket.record, ticket.owner, lease=0.0, begun=begun)
        return Settlement(end, "abandoned", self._threads)

    def noting(self, ticket: Ticket, effects: Effects) -> Noting:
        """What has the store remember that the *effects* of the ticket's request begin."""
        return Noting(self.policy, ticket, effects, self._threads)

    @property
    def renewed_every(self) -> float:
        """Seconds between two renewals of a lease."""
        return self.policy.lease / RENEWALS

    async def keep_alive(
        self, ticket: Ticket, sleep: Callable[[float], Awaitable[None]] = anyio.sleep, *, waited: bool = False
    ) -> None:
        """Renew the lease `RENEWALS` times in its length, until it is lost or the caller stops waiting.

        The first time at once, if it was *waited* for already.
        """
        lease = self.policy.lease
        while True:
            if not waited:
                await sleep(self.renewed_every)
            waited = False
            renew = partial(self.policy.store.renew, ticket.record, ticket.owner, lease=lease)
            try:
                if not await self._threads.run(renew, patience=lease):
                    return
            except StoreDownError as problem:
                logger.warning("The lease of an idempotency key could not be renewed: %s", problem)


class Noting:
    """Has the store remember that side effects begin, and makes sure that the request still owns its record.

    Raises:
        Refusal: in both methods. 503 if the store is down; 409 if the record has got another owner, or was forgotten:
            whoever sends the request again gets that one's answer, and nothing is done twice.
    """

    def __init__(self, policy: Idempotency, ticket: Ticket, effects: Effects, threads: Threads | InLoop) -> None:
        self._policy = policy
        self._ticket = ticket
        self._effects = effects
        self._threads = threads

    def now(self) -> None:
        """Ask the store in this thread, for as long as it lets us wait."""
        with self._refused():
            self._look(self._renew())

    async def anow(self) -> None:
        """Ask the store in a thread of its own, for the time that the policy gives it."""
        with self._refused():
            self._look(await self._threads.run(self._renew, patience=self._policy.patience))

    def _renew(self) -> bool:
        policy, ticket = self._policy, self._ticket
        return policy.store.renew(ticket.record, ticket.owner, lease=policy.lease, begun=True)

    def _look(self, owned: bool) -> None:
        if not owned:
            logger.warning("The lease of an idempotency key was lost before its request changed anything.")
            self._effects.by_key = "unknown"
            raise in_progress(self._ticket.record.key, self._policy.in_progress_wait)

    @contextmanager
    def _refused(self) -> Generator[None]:
        try:
            yield
        except StoreDownError as problem:
            raise store_down() from problem


class Settlement:
    """The end of a claim, which must reach the store: *call* is what ends it, *what* becomes of the answer then."""

    def __init__(self, call: Callable[[], bool], what: str, threads: Threads | InLoop) -> None:
        self.done = False
        self._call = call
        self._what = what
        self._threads = threads
        self._problem: StoreDownError | None = None

    async def within(self, patience: float) -> None:
        """Try until the store has taken it, for *patience* seconds. A store that is down is logged."""
        given_up = anyio.current_time() + patience
        await self._try(patience)
        if self.done:
            return
        wait = FIRST_WAIT
        with anyio.CancelScope(deadline=given_up):
            while not self.done:
                await anyio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
                await self._try(patience)
        if not self.done:
            why = self._problem or f"the store did not answer within {patience:g} s"
            logger.warning("The answer under an idempotency key could not be %s: %s", self._what, why)

    async def _try(self, patience: float) -> None:
        try:
            owned = await self._threads.run(self._call, patience=patience)
        except StoreDownError as problem:
            self._problem = problem
            return
        self.done = True
        if not owned:
            # The lease ran out and somebody else owns the record: theirs stands.
            logger.warning("The lease of an idempotency key was lost before its answer was %s.", self._what)
