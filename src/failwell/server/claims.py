"""The way to a store of idempotency records: in threads, on time, with one owner token for each request."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio

from failwell.server.idempotency import Idempotency
from failwell.server.store import Answer, Claim, Claimed, InProgress, Record, StoreDownError
from failwell.server.threads import in_thread
from failwell.server.times import Clock, whole_seconds

logger = logging.getLogger("failwell.server")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which record a request wants or has, and the token that proves it."""

    record: Record
    owner: str


def ticket_for(record: Record) -> Ticket:
    """A ticket that nobody else has."""
    return Ticket(record, secrets.token_hex(16))


class Claims:
    """Claims, renews and settles records in the store of *policy*. Durations are read from *clock*."""

    def __init__(self, policy: Idempotency, clock: Clock) -> None:
        self.policy = policy
        self._clock = clock

    async def claim(self, ticket: Ticket, fingerprint: bytes) -> Claim:
        """Try to become the owner of the ticket's record.

        Raises:
            StoreDownError: also if the store does not answer in time.
        """
        policy = self.policy
        given_up = False

        def ask() -> Claim:
            now = self._clock.wall()
            until = {"leased_until": now + policy.lease, "kept_until": now + policy.kept}
            claim = policy.store.claim(ticket.record, fingerprint, ticket.owner, now=now, **until)
            # The request was refused meanwhile: nobody will run it, so nobody may own it.
            if given_up and isinstance(claim, Claimed):
                policy.store.release(ticket.record, ticket.owner)
            return claim

        try:
            return await self._on_time(ask)
        except BaseException:
            given_up = True
            raise

    def wait(self, claim: InProgress) -> int:
        """Whole seconds after which who met *claim* may try again.

        While the owner renews its lease, nobody knows when it will be done: the policy's `in_progress_wait`. An owner
        that has missed a renewal has probably died: then until its lease ends.
        """
        now, policy = self._clock.wall(), self.policy
        if claim.leased_until is None or claim.leased_until - now > policy.lease / 2:
            return policy.in_progress_wait
        return max(policy.in_progress_wait, whole_seconds(claim.leased_until, now=now))

    async def keep(self, ticket: Ticket, answer: Answer) -> None:
        """Keep *answer*, unless the record has got another owner. A store that is down is logged."""
        until = self._clock.wall() + self.policy.kept
        await self._settle(
            partial(self.policy.store.complete, ticket.record, ticket.owner, answer, kept_until=until), "kept"
        )

    async def release(self, ticket: Ticket) -> None:
        """Forget the record, unless it has got another owner. A store that is down is logged."""
        await self._settle(partial(self.policy.store.release, ticket.record, ticket.owner), "released")

    async def keep_alive(self, ticket: Ticket, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        """Renew the lease three times in its length, until it is lost or the caller stops waiting."""
        while True:
            await sleep(self.policy.lease / 3)
            until = self._clock.wall() + self.policy.lease
            renew = partial(self.policy.store.renew, ticket.record, ticket.owner, leased_until=until)
            try:
                if not await self._on_time(renew):
                    return
            except StoreDownError as problem:
                logger.warning("The lease of an idempotency key could not be renewed: %s", problem)

    async def _settle(self, call: Callable[[], bool], what: str) -> None:
        try:
            if not await self._on_time(call):
                # The lease ran out and somebody else owns the record: theirs stands.
                logger.warning("The lease of an idempotency key was lost before its answer was %s.", what)
        except StoreDownError as problem:
            # The work is done, so its answer is sent. The key stays taken until the lease ends.
            logger.warning("The answer under an idempotency key could not be %s: %s", what, problem)

    async def _on_time(self, call: Callable[[], T]) -> T:
        return await in_thread(call, patience=self.policy.patience)
