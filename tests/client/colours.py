"""The same call in each colour: blocking, and awaited on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from pictograph import AsyncClient, Client, PictographError

COLOURS = ("blocking", "asyncio", "trio")
FAST = ("blocking fast", "asyncio fast")
"""On the fast transports, which need asyncio."""
every_colour = pytest.mark.parametrize("colour", COLOURS)
every_transport = pytest.mark.parametrize("colour", COLOURS + FAST)
KEY = "pk_live_CANARY_7f3a9"

RUN = (
    b'{"data": {"id": "run_1", "organization_id": "o", "name": "r1", "pipeline_type": "yolox", '
    b'"status": "completed", "created_at": "2026-01-01T00:00:00Z", "model_id": "m_1"}}'
)


def asked(colour: str, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """What `ask(client)` gives on a Pictograph client of *colour*, which is closed afterwards."""
    settings = {"api_key": KEY, "timeout": 5.0, "max_retries": 0, **settings}
    colour, _, fast = colour.partition(" ")
    if fast:
        settings["http"] = "fast"
    if colour == "blocking":
        with Client(**settings) as client:
            return ask(client)

    async def run() -> Any:
        async with AsyncClient(**settings) as client:
            return await ask(client)

    return anyio.run(run, backend=colour)


def run_in(colour: str, work: Callable[[], Awaitable[Any]]) -> Any:
    """What *work* returns on the event loop of an awaiting *colour*."""
    return anyio.run(work, backend=colour)


def raised(colour: str, ask: Callable[[Any], Any], **settings: Any) -> Any:
    """The Pictograph error that `ask(client)` raises."""
    with pytest.raises(PictographError) as caught:
        asked(colour, ask, **settings)
    return caught.value


def read(client: Any) -> Any:
    """A call that reads."""
    return client.training.get("run_1")


def mutate(client: Any) -> Any:
    """A call that changes something."""
    return client.training.create("ds", "exp")


def chain(error: BaseException) -> list[BaseException]:
    """*error* and everything that hangs on it as a cause or a context."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def of_probe(probe: Any) -> Callable[[Any], Any]:
    """Let a call on a client be one on a `Probe` beside it."""

    def ask(client: Any) -> Any:
        from .probe import Probe

        return probe(Probe(client.core))

    return ask
