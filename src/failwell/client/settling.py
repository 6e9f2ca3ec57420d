"""Settle the call of a client: its answer is asked for again, over that client or another one of the same API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from failwell.policy.settle import SettleError, lost_call, settled

if TYPE_CHECKING:
    from failwell.client.core import Core
    from failwell.policy.flow import Flow


def settling(core: Core, problem: Exception, deadline: float) -> Flow[Any]:
    """The answer that the call lost which met *problem*, asked for over *core*."""
    error, call = lost_call(problem)
    if call.catalogue is not core.catalogue or not isinstance(call.settler, type(core)):
        raise SettleError("elsewhere", f"it was no call of a client of {core.catalogue.name!r}. Use failwell.settle.")
    flow = settled(call, error.effect, deadline)
    return (yield from flow)
