"""Lost calls: what it takes to ask again for the answer that a failed call may have lost, while its error is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from failwell._support.frozen import Frozen
from failwell._support.secret import Mask
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error
from failwell.policy.flow import Flow
from failwell.policy.resilience.guard import Guard
from failwell.policy.retry.policy import RetryPolicy
from failwell.wire.messages import Reply, Request


class Settler(Protocol):
    """What made a call, and can make it again."""

    def settle(self, flow: Flow[Any]) -> Any:
        """The result of *flow*, or what is awaited for it."""
        ...


class LostCall(Frozen):
    """A call whose answer may be lost: all that it takes to ask again. *began* is its moment, on its own clock.

    *answered* is whether the error is a whole answer: then that is not lost, only what it leaves open.
    """

    request: Request
    decode: Callable[[Reply], Any]
    catalogue: Catalogue
    policy: RetryPolicy
    timeout: float | None
    mask: Mask
    guard: Guard
    settler: Settler | None
    began: float
    answered: bool


LOST_CALLS: WeakKeyDictionary[Error, LostCall] = WeakKeyDictionary()
"""The calls whose answers may be lost and which can be made again, by the error that was raised, for as long as
somebody keeps it: on the error itself a call would be pickled and shown."""


def pass_on(met: Error, raised: Error) -> None:
    """Let *raised*, which a caller gets in place of what was *met*, be settled as well."""
    call = LOST_CALLS.get(met)
    if call is not None:
        LOST_CALLS[raised] = call
