"""`settle`: the answer that a call lost, asked for again with its idempotency key."""

from __future__ import annotations

from typing import Any


def settle(error: Exception, *, deadline: float = 120.0) -> Any:
    """The answer that the call lost which met *error*; asked for again, in the same way, with the same idempotency key.

    For calls by `calling`, whose function sends once more, and for those of clients. What `acalling` or an awaiting
    client has called is awaited. What was done is not done again: the server has the answer. It is waited for at most
    *deadline* seconds.

        try:
            order = calling(SHOP, send, method="POST")
        except ShopError as e:
            order = failwell.settle(e)  # or raises what was true

    Raises:
        Error: what was true: *error* itself where nothing is lost, else what the server says now.
        SettleError: nobody can be asked; its `reason` says why.
    """
    from failwell.policy.settle import SettleError, lost_call, settled

    known, call = lost_call(error)
    if call.settler is None:
        raise SettleError("elsewhere", "it was made by nobody who could make it again.")
    return call.settler.settle(settled(call, known.effect, deadline))
