"""Conversations with the server in-process, one frame after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .api import Api


def talked(api: Api, messages: Sequence[Any], key: str = "member") -> list[dict[str, Any]]:
    """The answer to each of *messages*, in a connection of their own."""
    headers = {"Authorization": f"Bearer {api.served.keys[key]}"}
    with api.client.websocket_connect("/v1/ws/session", headers=headers) as socket:
        answers: list[dict[str, Any]] = []
        for message in messages:
            if isinstance(message, str):
                socket.send_text(message)
            else:
                socket.send_json(message)
            answers.append(socket.receive_json())
        return answers
