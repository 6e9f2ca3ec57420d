"""A stream of server-sent events (SSE) that follows other processes, with heartbeats."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping

import anyio

from failwell.contract.extras import needs

with needs("starlette", __name__):
    from starlette.responses import StreamingResponse

LOOK_EVERY = 0.05
"""Seconds between two looks for something new."""

HEARTBEAT = b": still there\n\n"
"""A comment, which clients skip; it keeps proxies from closing a connection that is silent."""


async def follow(look: Callable[[], tuple[Iterable[bytes], bool]], *, heartbeat: float) -> AsyncIterator[bytes]:
    """The events that *look* finds: it is asked again and again, in a thread, until it says that it is over.

    A `HEARTBEAT` comes whenever there was nothing for *heartbeat* seconds.
    """
    over, silent_since = False, anyio.current_time()
    while not over:
        found, over = await anyio.to_thread.run_sync(look)
        for one in found:
            yield one
            silent_since = anyio.current_time()
        if not over:
            if anyio.current_time() - silent_since >= heartbeat:
                yield HEARTBEAT
                silent_since = anyio.current_time()
            await anyio.sleep(LOOK_EVERY)


class EventStreamResponse(StreamingResponse):
    """A reply of events. A client that leaves ends the iteration over *content*."""

    media_type: str | None = "text/event-stream"

    def __init__(self, content: AsyncIterable[bytes], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})})
