"""A server of resumable uploads over real sockets, that stores each byte as it arrives, and can be cut anywhere."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar

from failwell.client import (
    Awaiting,
    Blocking,
    Resource,
    chunked_upload,
    json_body,
    operation,
    resumable,
    resumable_uploads,
)
from failwell.policy import Flow
from tests.servers.sockets import PATIENCE, Listener, Seen, http, next_request, read_body, reset

C = TypeVar("C", Blocking, Awaiting)
CHUNK = 16


class Uploads:
    """Uploads by their number. After *cut* bytes of bodies the connection is reset, once; with *hold* it falls silent.

    *lie* is an offset that is told in place of the true one.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.times_forgotten = 0
        self.listener = Listener(self._serve)
        self.url, self.stopping, self.stop = self.listener.url, self.listener.stopping, self.listener.stop
        self.forget()

    def forget(self) -> None:
        """As if nobody had asked for anything; what came before and was not heard yet is not heard any more."""
        with socket.create_connection(self.listener.address, PATIENCE) as last:
            last.shutdown(socket.SHUT_WR)
            assert b"" == last.recv(1), "once this one is accepted, all before it are"
        self.times_forgotten += 1
        self.files: list[bytearray] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.received = 0
        self.cut: int | None = None
        self.hold: int | None = None
        self.lie: int | None = None
        self.refuse: int | None = None
        self.location = "/files/{number}"

    def methods(self, *wanted: str) -> list[str]:
        """The methods that were asked for, in order."""
        return [method for method, _ in self.asked if not wanted or method in wanted]

    def wait_for(self, received: int) -> None:
        """Until so many bytes of bodies have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.received >= received, 20)

    def _serve(self, sock: socket.socket, _number: int) -> None:
        known = self.times_forgotten
        # A client may leave, or be cut off.
        with sock.makefile("rb") as stream, suppress(OSError, ValueError):
            while (seen := next_request(stream)) is not None and known == self.times_forgotten:
                if not self._answer(sock, stream, seen):
                    return

    def _answer(self, sock: socket.socket, stream: BinaryIO, seen: Seen) -> bool:
        """Answer one request; False when the connection is over."""
        method, target, headers = seen.method, seen.target, seen.headers
        self.asked.append((method, headers))
        if self.refuse is not None:
            say(sock, self.refuse, {}, b'{"detail": "no"}')
            return False
        if method == "POST":
            self.files.append(bytearray())
            say(sock, 201, {"Location": self.location.format(number=len(self.files) - 1)})
            return True
        found = re.fullmatch(r"/files/(\d+)(\?.*)?", target)
        number = int(found[1]) if found else -1
        if not 0 <= number < len(self.files):
            say(sock, 404, {})
            return True
        stored = self.files[number]
        offset = len(stored) if self.lie is None else self.lie
        if method == "HEAD":
            say(sock, 200, {"Upload-Offset": str(offset)})
        elif method == "GET":
            say(sock, 200, {}, json.dumps({"number": number, "size": len(stored)}).encode())
        elif int(headers["upload-offset"]) != len(stored):
            say(sock, 409, {"Upload-Offset": str(len(stored)), "Connection": "close"})
            return False
        elif not self._store(sock, stream, headers, stored):
            return False
        else:
            say(sock, 204, {"Upload-Offset": str(len(stored))})
        return True

    def _store(self, sock: socket.socket, stream: BinaryIO, headers: dict[str, str], stored: bytearray) -> bool:
        """Store the body byte by byte; False when the connection was cut on the way."""
        if "chunked" in headers.get("transfer-encoding", ""):
            stored += read_body(stream, headers)
            return True
        left = int(headers["content-length"])
        while True:
            if self.hold == self.received:
                self.stopping.wait(PATIENCE)
                return False
            if self.cut == self.received:
                self.cut = None
                stream.close()
                reset(sock)
                return False
            if not left:
                return True
            byte = stream.read(1)
            if not byte:
                return False
            stored += byte
            left -= 1
            with self.changed:
                self.received += 1
                self.changed.notify_all()


def say(sock: socket.socket, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    """Send a reply."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    sock.sendall(http(status, body, *lines, kind="", close=False))


@contextmanager
def taking_uploads() -> Generator[Uploads]:
    """A server on a free port of 127.0.0.1."""
    server = Uploads()
    try:
        yield server
    finally:
        server.stop()


class Files(Resource[C], name="files"):
    """Files that are uploaded in pieces of 16 bytes."""

    @operation
    @resumable()
    def upload(
        self, file: Any, *, kind: str = "", resume_token: str | None = None, on_token: Any = None, progress: Any = None
    ) -> Flow[Any]:
        """Upload *file*."""
        how = resumable_uploads(
            self.core,
            "files.upload",
            "/files",
            lambda address: self.core.call("files.upload", "GET", address, json_body),
            chunk_size=CHUNK,
        )
        return (
            yield from chunked_upload(
                self.core,
                "files.upload",
                file,
                how,
                argument="file",
                arguments={"kind": kind},
                resume_token=resume_token,
                on_token=on_token,
                progress=progress,
            )
        )


class Depot(Resource[C]):
    """A client with files."""

    @property
    def files(self) -> Files[C]:
        """The files."""
        return Files(self.core)
