"""Who is calling: the tenant, the key and its role, as the authentication outside of the app found them."""

from __future__ import annotations

from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from pictograph.exceptions import ForbiddenError


class Caller(Protocol):
    """What `request.scope["errata.caller"]` holds."""

    @property
    def tenant(self) -> str:
        """Whose data the call is about."""
        ...

    @property
    def key_id(self) -> str:
        """Which API key was used; not the key itself."""
        ...

    @property
    def role(self) -> str:
        """One of "viewer", "member" and "admin"."""
        ...


async def reader(request: Request) -> Caller:
    """The caller, who may read whatever the role."""
    return cast("Caller", request.scope["errata.caller"])


async def writer(request: Request) -> Caller:
    """The caller, if the role allows changes.

    Raises: ForbiddenError.
    """
    caller = await reader(request)
    # A role that is not known may not write either.
    if caller.role not in {"member", "admin"}:
        raise ForbiddenError(f'This API key has the role "{caller.role}", which cannot write. Use a key of a member.')
    return caller


Reader = Annotated[Caller, Depends(reader)]
Writer = Annotated[Caller, Depends(writer)]
