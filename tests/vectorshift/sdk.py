"""The objects of VectorShift's SDK in one colour: their operations, or the twins that are awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio

from failwell.testing import replies
from vectorshift import CLIENTS

PIPELINE = {
    "object": {
        "_id": "p1",
        "name": "my-pipeline",
        "nodes": {"n1": {"id": "n1", "type": "input", "name": "q", "inputs": {"input_type": "string"}}},
        "mainBranch": "b1",
    }
}


class Sdk:
    """Calls of one colour."""

    def __init__(self, colour: str) -> None:
        self.awaiting = colour == "awaiting"

    def answered(self, *answers: Any, **settings: Any) -> Any:
        """Answer what the objects ask for in a `with` block."""
        return replies(CLIENTS.awaiting if self.awaiting else CLIENTS.blocking, *answers, **settings)

    def call(self, of: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """What the operation *name* of an object, or of a class, comes to."""
        if not self.awaiting:
            return getattr(of, name)(*args, **kwargs)

        async def twin() -> Any:
            return await getattr(of, f"a{name}")(*args, **kwargs)

        return anyio.run(twin)

    def listed(self, of: Any, name: str, /, *args: Any, **kwargs: Any) -> list[Any]:
        """All that the stream *name* gives."""
        if not self.awaiting:
            return list(getattr(of, name)(*args, **kwargs))

        async def twin() -> list[Any]:
            stream: AsyncIterator[Any] = getattr(of, f"a{name}")(*args, **kwargs)
            return [item async for item in stream]

        return anyio.run(twin)
