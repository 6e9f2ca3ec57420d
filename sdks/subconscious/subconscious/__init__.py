"""The Subconscious SDK: runs of an engine that reasons with tools.

    client = Subconscious(api_key="sk-...")
    run = client.run("tim", {"instructions": "Search for AI news"}, await_completion=True)

Every error of the API is a `SubconsciousError`; `subconscious.exceptions` has the tree. Clients load when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports
from subconscious.exceptions import (
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    SubconsciousError,
    ValidationError,
)

if TYPE_CHECKING:
    from subconscious.client import AsyncSubconscious, Subconscious
    from subconscious.content import Audio, File, Image, Text
    from subconscious.events import DeltaEvent, DoneEvent, StartedEvent, StreamEvent
    from subconscious.models import AgentToolUse, ReasoningTask, Run, RunError, RunResult, Usage

__version__ = "0.1.0"

lazy_exports(
    __name__,
    {
        "client": "AsyncSubconscious Subconscious",
        "content": "Audio File Image Text",
        "events": "DeltaEvent DoneEvent StartedEvent StreamEvent",
        "models": "AgentToolUse ReasoningTask Run RunError RunResult Usage",
    },
)

__all__ = [
    "AgentToolUse",
    "AsyncSubconscious",
    "Audio",
    "AuthenticationError",
    "DeltaEvent",
    "DoneEvent",
    "File",
    "Image",
    "NotFoundError",
    "RateLimitError",
    "ReasoningTask",
    "RequestTooLargeError",
    "Run",
    "RunError",
    "RunResult",
    "StartedEvent",
    "StreamEvent",
    "Subconscious",
    "SubconsciousError",
    "Text",
    "Usage",
    "ValidationError",
]
