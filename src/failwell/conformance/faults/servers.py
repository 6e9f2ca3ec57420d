"""Raw TCP servers that send fixed bytes, close, reset or stay silent: what never gets as far as a request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Generator
from typing import Self

from failwell.conformance.faults.model import RawServer

HOST = "127.0.0.1"
NOWHERE = "nowhere.invalid"
"""A name that has no address, and never will (RFC 6761, 6.4)."""
PATIENCE = 5.0
"""Seconds in which a client says something, or hangs up."""


class ListeningRawServer:
    """A *door* on a free port of this machine, until it is closed; it has *met* that many connections.

    with ListeningRawServer(RawServer(then="reset")) as door:
        connect_to(door.url)
    """

    def __init__(self, door: RawServer) -> None:
        self.met = 0
        self._door = door
        self._listener = socket.create_server((HOST, 0))
        self._kept: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, name="failwell-door", daemon=True)

    @property
    def url(self) -> str:
        """Where clients find it."""
        scheme = "https" if self._door.role == "tls" else "http"
        return f"{scheme}://{HOST}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):  # some systems do not know how to shut what only listens
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)
        for client in self._kept:
            client.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed: nobody comes any more
            self.met += 1
            client.settimeout(PATIENCE)
            # A client that hangs up first has met what it was to meet.
            with contextlib.suppress(OSError):
                self._treat(client)

    def _treat(self, client: socket.socket) -> None:
        if self._door.sends:
            client.recv(65_536)
            client.sendall(self._door.sends)
        if self._door.then == "keep":
            self._kept.append(client)
            return
        if self._door.then == "reset":
            # Lingering for 0 s is how a program asks its system for RST instead of FIN.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


@contextlib.contextmanager
def refusing() -> Generator[str]:
    """The address of a port that is taken, so that nobody else can listen there, and where nobody does."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield f"http://{HOST}:{taken.getsockname()[1]}"
