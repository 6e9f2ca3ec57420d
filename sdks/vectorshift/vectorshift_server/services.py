"""What every route needs, handed to it by FastAPI."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends

from failwell import server
from failwell.server import CurrentCaller
from vectorshift_server.access import User
from vectorshift_server.settings import Settings
from vectorshift_server.store import Store

Services: TypeAlias = server.Services[Store, Settings]
"""The parts of one running server."""

Parts = Annotated[Services, Depends(server.current_services)]


async def current_user(caller: CurrentCaller) -> User:
    """The user whose key a request carries."""
    return User.of(caller)


CurrentUser = Annotated[User, Depends(current_user)]
"""The type of a handler's argument that is given the user."""
