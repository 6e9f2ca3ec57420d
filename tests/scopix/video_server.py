"""The API of videos over real sockets: chunks by number, checked by digest, found again by hash."""

from __future__ import annotations

import json
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from tests.servers.sockets import Listener, Seen, http, next_request, reset

PATIENCE = 20.0
BLOCK = 64 * 1024


@dataclass
class Kept:
    """A video that is being uploaded: its chunks by number, as long as *keep* says that their bytes are kept."""

    size: int
    sha256: str
    chunks: dict[int, bytes] = field(default_factory=dict)
    received: int = 0
    status: str = "uploading"


class Videos:
    """Videos by id. After *cut* bytes of chunks the connection is reset, once; with *hold* it falls silent.

    *refuse* has the status and the body that a kind of request ("initiate", "chunk_upload", "complete", "look") is
    refused with. Without *keep* chunks are counted, and not kept.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.forget()
        self.listener = Listener(self._serve)
        self.url = f"{self.listener.url}/api/v2"

    def forget(self) -> None:
        """As if nobody had asked for anything."""
        self.kept: list[Kept] = []
        self.asked: list[str] = []
        self.released = threading.Event()
        self.taken = 0
        self.chunk_size = 16
        self.cap = 1 << 40
        self.keep = True
        self.cut: int | None = None
        self.hold: int | None = None
        self.refuse: dict[str, tuple[int, dict[str, Any]]] = {}

    def wait_for(self, taken: int) -> None:
        """Until so many bytes of chunks have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.taken >= taken, PATIENCE)

    def whole(self) -> bytes:
        """The first video, as its chunks have it."""
        return b"".join(chunk for _, chunk in sorted(self.kept[0].chunks.items()))

    def _serve(self, sock: socket.socket, _number: int) -> None:
        sock.settimeout(PATIENCE)
        # Clients leave as they like.
        with sock.makefile("rb") as stream, suppress(OSError):
            while (seen := next_request(stream)) is not None and (reply := self.answer(sock, stream, seen)) is not None:
                sock.sendall(reply)

    def answer(self, sock: socket.socket, stream: BinaryIO, request: Seen) -> bytes | None:
        """What is said to one request; None where its connection has ended."""
        if request.target.startswith("/api/v2/uploads"):
            return self._file(stream, request)
        found = re.fullmatch(r"/api/v2/videos(?:/vid_(\d+)(/complete|/chunks/(\d+))?)?", request.target)
        assert found is not None
        number, what, chunk = (str(each or "") for each in found.groups())
        kind = "initiate" if not number else "look" if not what else "chunk_upload" if chunk else "complete"
        self.asked.append(kind if not chunk else f"{kind} {chunk}")
        length = int(request.headers.get("content-length", "0"))
        if kind != "chunk_upload":
            body = stream.read(length)
            if kind in self.refuse:
                return say(*self.refuse[kind])
            return self._about(kind, body, int(number or 0))
        video, sent = self.kept[int(number)], length
        digest, blocks = sha256(), list[bytes]()
        while length:
            if self.taken == self.hold:
                self.released.wait(PATIENCE)
                return None
            if self.taken == self.cut:
                self.cut = None
                stream.close()
                reset(sock)
                return None
            block = stream.read(1 if self.chunk_size < BLOCK else min(BLOCK, length))
            if not block:
                return None
            length -= len(block)
            digest.update(block)
            blocks += [block] if self.keep else []
            with self.changed:
                self.taken += len(block)
                self.changed.notify_all()
        if kind in self.refuse:
            return say(*self.refuse[kind])
        assert f"sha-256=:{b64encode(digest.digest()).decode()}:" == request.headers["content-digest"]
        if int(chunk) not in video.chunks:
            video.received += sent
        video.chunks[int(chunk)] = b"".join(blocks)
        return say(200, {"received": video.received, "chunks": len(video.chunks)})

    def _file(self, stream: BinaryIO, request: Seen) -> bytes:
        """Take an image of a batch, and forget it."""
        left = int(request.headers.get("content-length", "0"))
        while left:
            left -= len(stream.read(min(BLOCK, left)))
        return say(201, {"session_id": "up_1", "id": "img_1", "filename": "a.png"})

    def _about(self, kind: str, body: bytes, number: int) -> bytes:
        if kind == "initiate":
            told = json.loads(body)
            if told["size"] > self.cap:
                details = {"size": told["size"], "limit": self.cap}
                message = f"A video may have {self.cap:,} bytes."
                return say(413, {"error": {"code": "HTTP_413", "message": message, "details": details}})
            known = [at for at, each in enumerate(self.kept) if each.sha256 == told["sha256"]]
            if not known:
                self.kept.append(Kept(told["size"], told["sha256"]))
            number = known[0] if known else len(self.kept) - 1
        video = self.kept[number]
        if kind == "complete":
            assert not self.keep or sha256(self.whole()).hexdigest() == video.sha256
            assert video.received == video.size
            video.status = "ready"
        facts = {"chunk_size": self.chunk_size, "received": video.received, "chunks": len(video.chunks)}
        return say(200, {"media_id": f"vid_{number}", "status": video.status, **facts})


def say(status: int, body: dict[str, Any]) -> bytes:
    """A reply."""
    return http(status, json.dumps(body).encode(), close=False)


@contextmanager
def taking_videos() -> Generator[Videos]:
    """A server on a free port of 127.0.0.1."""
    videos = Videos()
    try:
        yield videos
    finally:
        videos.listener.stop()
