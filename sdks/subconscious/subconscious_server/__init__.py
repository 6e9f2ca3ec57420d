"""The Subconscious reference server: runs that a worker process really does, thought by thought, on one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports

if TYPE_CHECKING:
    from subconscious_server.app import create_app
    from subconscious_server.engine import (
        Engine,
        EngineAnswer,
        EngineDownError,
        EngineSlowError,
        Fact,
        NoAnswerError,
        Task,
        Thought,
    )
    from subconscious_server.settings import Settings
    from subconscious_server.store import Store

# The processes that engines think in need no FastAPI.
lazy_exports(
    __name__,
    {
        "app": "create_app",
        "engine": "EngineAnswer Engine EngineDownError EngineSlowError Fact NoAnswerError Task Thought",
        "settings": "Settings",
        "store": "Store",
    },
)

__all__ = [
    "Engine",
    "EngineAnswer",
    "EngineDownError",
    "EngineSlowError",
    "Fact",
    "NoAnswerError",
    "Settings",
    "Store",
    "Task",
    "Thought",
    "create_app",
]
