"""Who is calling, and whether the role allows changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from failwell.server import Caller, CurrentCaller
from pictograph.exceptions import ForbiddenError

Reader = CurrentCaller


async def writer(caller: CurrentCaller) -> Caller:
    """The caller, if the role allows changes.

    Raises: ForbiddenError.
    """
    # A role that is not known may not write either.
    if caller.role not in {"member", "admin"}:
        raise ForbiddenError(f'This API key has the role "{caller.role}", which cannot write. Use a key of a member.')
    return caller


Writer = Annotated[Caller, Depends(writer)]
