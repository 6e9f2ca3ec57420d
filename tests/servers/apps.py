"""Apps behind a real server in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

from failwell.sandbox import listen


@contextmanager
def under_uvicorn(
    app: Any, *, lifespan: Literal["on", "off"] = "on", ws: Literal["auto", "none"] = "auto"
) -> Generator[int]:
    """The port at which a uvicorn serves *app*. Who connects before it has started waits."""
    # Of a socket that says it is TCP asyncio sends each write at once; of another a reply in two would take 40 ms.
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan=lifespan, ws=ws))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
