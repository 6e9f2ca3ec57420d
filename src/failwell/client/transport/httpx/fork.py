"""Fork safety: a client in a forked child opens connections of its own, and leaves the parent's alone."""

from __future__ import annotations

import os
import socket
from typing import Any, Protocol
from weakref import WeakSet


class Stream(Protocol):
    """A socket as the HTTP library sees it."""

    def get_extra_info(self, info: str) -> Any:
        """What the socket knows of itself."""
        ...


class Renewable(Protocol):
    """What has connections."""

    def renew(self) -> None:
        """Begin again without any, and without looking at those there were."""
        ...


_streams: WeakSet[Stream] = WeakSet()
_pools: WeakSet[Renewable] = WeakSet()
remember_stream = _streams.add
remember_pool = _pools.add


def _after_fork() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        for stream in list(_streams):
            # The stream itself is not closed: that may say goodbye in the parent's name, take the socket off the event
            # loop that is the parent's too, or want a lock that nobody lets go.
            sock = stream.get_extra_info("socket")
            if isinstance(sock, socket.socket):
                sock.close()
            elif sock is not None and (number := sock.fileno()) >= 0:
                os.dup2(null, number, inheritable=False)  # asyncio's own: its number leads nowhere from here on
    finally:
        os.close(null)
    _streams.clear()
    for pool in list(_pools):
        pool.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
