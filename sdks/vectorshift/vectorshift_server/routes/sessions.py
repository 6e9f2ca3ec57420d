"""`/ws/session`: the websocket that agents are talked to in."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from vectorshift_server.access import User
from vectorshift_server.agents.talk import Talk

router = APIRouter(tags=["sessions"])


@router.websocket("/ws/session")
async def talk(socket: WebSocket) -> None:
    """Talk to agents until the client leaves."""
    await Talk(socket, socket.app.state.services, User.of(socket.scope["failwell.caller"])).run()
