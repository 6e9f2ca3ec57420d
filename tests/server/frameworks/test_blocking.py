"""What goes on beside a blocking app, in whose thread no event loop runs."""

from __future__ import annotations

import threading

import anyio

from failwell.server.frameworks.blocking import BlockingFramework


def test_work_beside_an_app_that_blocks() -> None:
    """
    S5. A lease is renewed while a Flask or Django app blocks its thread, and no longer than that.
    """
    began, over = threading.Event(), threading.Event()

    async def renewing() -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            over.set()

    async def blocked() -> tuple[bool, bool]:
        async with BlockingFramework(None).beside(renewing, after=0.0):
            seen = began.wait(10)  # the loop of this thread stands still meanwhile
        return seen, over.wait(10)

    assert (True, True) == anyio.run(blocked)
