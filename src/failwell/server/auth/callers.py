"""`CurrentCaller`: the authenticated caller as a FastAPI dependency of handlers."""

from __future__ import annotations

from typing import Annotated, cast

from failwell.contract.extras import needs
from failwell.server.caller import Caller

with needs("fastapi", __name__):
    from fastapi import Depends, Request


async def caller_of(request: Request) -> Caller:
    """The tenant, the key and the role of a request that came in through `install`."""
    return cast("Caller", request.scope["failwell.caller"])


CurrentCaller = Annotated[Caller, Depends(caller_of)]
"""The type of a handler's argument that is given the caller."""
