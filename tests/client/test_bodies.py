"""Bodies of successes, whatever they are packed in and however long: over sockets, in each colour."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx2
import pytest

from failwell.client import Awaiting, Blocking, Core, Resource, operation, raw
from failwell.client.transport.content_coding import LONGEST_REPLY, Decoding
from failwell.conformance.faults.cases.packings import broken_packings, packings
from failwell.policy import Flow
from pictograph.exceptions import CATALOGUE, ApiError, ConfigurationError, PictographError
from tests.servers.sockets import Peer, Step, http, serving

from .colours import asked, every_transport, raised

C = TypeVar("C", Blocking, Awaiting)

WORDS = bytes(range(256)) * 400
PACKED = gzip.compress(WORDS)
LIMIT = 200_000


class Files(Resource[C], name="files"):
    """What is fetched whole, or into a list."""

    @operation
    def get(self) -> Flow[bytes]:
        """All of it."""
        return (yield from self.core.call("files.get", "GET", "/x", raw))

    @operation
    def fetch(self, pieces: list[bytes]) -> Flow[bytes]:
        """All of it into *pieces*, which are not the reply's."""

        def begin() -> Any:
            pieces.clear()
            return pieces.append

        return (yield from self.core.call("files.fetch", "GET", "/x", raw, into=begin))


def ask(colour: str, url: str, *, fetch: bool = False, **settings: Any) -> bytes:
    """The body that a client of *colour* gets from *url*."""
    kind, _, fast = colour.partition(" ")
    settings = {"timeout": 10.0, "max_retries": 0, "http": "fast" if fast else "httpx2", **settings}
    pieces: list[bytes] = []
    if kind == "blocking":
        core = Core(CATALOGUE, base_url=url, **settings)
        try:
            files: Files[Blocking] = Files(core)
            return files.fetch(pieces) + b"".join(pieces) if fetch else files.get()
        finally:
            core.close()

    async def run() -> bytes:
        core = Core(CATALOGUE, base_url=url, awaiting=True, **settings)
        try:
            files: Files[Awaiting] = Files(core)
            return await files.fetch(pieces) + b"".join(pieces) if fetch else await files.get()
        finally:
            await core.aclose()

    return anyio.run(run, backend=kind)


def packed(body: bytes, coding: str) -> bytes:
    """A reply of 200 that says that its body is packed so."""
    return http(200, body, f"Content-Encoding: {coding}")


WHOLE: dict[str, bytes] = {
    "plain": http(200, WORDS),
    "identity": packed(WORDS, "identity"),
    "two headers": http(200, gzip.compress(PACKED), "Content-Encoding: gzip", "Content-Encoding: gzip"),
    **{name: packed(body, coding) for name, coding, body in packings(WORDS)},
}
BROKEN = {name: packed(body, coding) for name, coding, body in broken_packings(WORDS)}


@every_transport
@pytest.mark.parametrize("fetch", [False, True], ids=["whole", "into"])
def test_packed_bodies(fetch: bool, colour: str) -> None:
    """
    A body comes out as it was put in: of one gzip member or several, under each name, one coding over another.
    """
    got = {}
    for name, reply in WHOLE.items():
        with serving(reply) as server:
            got[name] = ask(colour, server.url, fetch=fetch) == WORDS

    assert dict.fromkeys(WHOLE, True) == got


@every_transport
@pytest.mark.parametrize("fetch", [False, True], ids=["whole", "into"])
def test_bodies_that_break_off_inside_of_their_packing(fetch: bool, colour: str) -> None:
    """
    A well framed body whose packing is not whole is an answer that could not be read, and no success.
    """
    got = {}
    for name, reply in BROKEN.items():
        with serving(reply) as server, pytest.raises(PictographError) as caught:
            ask(colour, server.url, fetch=fetch)
        got[name] = (type(caught.value), "could not be read" in str(caught.value), server.connections)

    assert dict.fromkeys(BROKEN, (ApiError, True, 1)) == got


@every_transport
def test_no_body_is_not_half_a_body(colour: str) -> None:
    """
    An empty body under the name of gzip is an empty body, as the answers to HEAD are.
    """
    with serving(packed(b"", "gzip")) as server:
        assert b"" == ask(colour, server.url)


@every_transport
def test_an_error_in_half_a_gzip(colour: str) -> None:
    """
    An error reply is the class of its status, also where its body breaks off inside of its packing.
    """
    for broken in BROKEN.values():
        with serving(broken.replace(b" 200 ", b" 404 ", 1)) as server, pytest.raises(PictographError) as caught:
            ask(colour, server.url)
        assert 404 == caught.value.status_code


def endless(peer: Peer) -> None:
    """Chunks without an end."""
    peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not peer.stopping.is_set():
        peer.say(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def until_closed(peer: Peer) -> None:
    """A body that ends with its connection, which does not."""
    peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
    while not peer.stopping.is_set():
        peer.say(b"x" * 65_536)


BOMB = gzip.compress(b"\0" * 10_000_000)
TOO_LONG: dict[str, Step] = {
    "one byte more": http(200, b"x" * (LIMIT + 1)),
    "a length that is told": http(200, b"x" * 10_000_000),
    "endless chunks": endless,
    "no end": until_closed,
    "gzip": packed(BOMB, "gzip"),
    "gzip of gzip": packed(gzip.compress(BOMB), "gzip, gzip"),
    "deflate": packed(zlib.compress(b"\0" * 10_000_000), "deflate"),
    "many members": packed(gzip.compress(b"\0" * 10_000) * 100, "gzip"),
}


@every_transport
@pytest.mark.parametrize("name", TOO_LONG)
def test_a_body_of_more_than_is_held(name: str, colour: str) -> None:
    """
    A success of more bytes than the client's limit, counted as they come out, is the vendor's error after one request.
    """
    with serving(TOO_LONG[name]) as server, pytest.raises(ApiError) as caught:
        ask(colour, server.url, longest_reply=LIMIT, max_retries=3)

    error = caught.value
    assert f"more than {LIMIT} bytes" in str(error)
    assert "longest_reply=" in str(error)
    assert (200, 1, 1) == (error.status_code, len(error.attempts), server.connections)


@every_transport
def test_a_body_of_as_much_as_is_held(colour: str) -> None:
    """
    The limit itself passes, None is no limit, and what goes to a file has none.
    """
    with serving(http(200, b"x" * LIMIT)) as server:
        assert LIMIT == len(ask(colour, server.url, longest_reply=LIMIT))
        assert LIMIT == len(ask(colour, server.url, longest_reply=None))
        assert LIMIT == len(ask(colour, server.url, longest_reply=10, fetch=True))


@every_transport
def test_the_limit_that_nobody_set(colour: str) -> None:
    """
    16 KB that unpack to 3 GB end at 64 MiB, with memory near to that.
    """
    reply = packed(gzip.compress(gzip.compress(b"\0" * 1_000_000) * 3_000), "gzip, gzip")
    with serving(reply) as server:
        tracemalloc.start()
        try:
            with pytest.raises(ApiError, match=f"more than {64 * 1024 * 1024} bytes"):
                ask(colour, server.url)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert 64 * 1024 * 1024 == LONGEST_REPLY
    assert peak < 1.2 * LONGEST_REPLY


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10"])
def test_a_limit_that_is_none(value: Any) -> None:
    """
    A limit that is no number of bytes is refused when the client is made.
    """
    with pytest.raises(ConfigurationError, match="longest_reply is "):
        Core(CATALOGUE, base_url="https://api.example.com", longest_reply=value)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("name", [name for name in WHOLE if name not in ("plain", "two headers")])
def test_pieces_of_any_size(name: str, size: int) -> None:
    """
    However a packed body is cut on its way, the same comes out.
    """
    head, _, body = WHOLE[name].partition(b"\r\n\r\n")
    coding = next(line for line in head.decode().split("\r\n") if line.startswith("Content-Encoding")).partition(":")[2]
    decoding = Decoding(coding)
    cuts = range(0, len(body), size) if size > 3 else [*range(0, 300, size), *range(300, len(body), 5000)]
    pieces = [body[a:b] for a, b in zip(cuts, [*cuts[1:], len(body)], strict=True)]
    found = b"".join(out for piece in pieces for out in decoding.decode(piece))
    decoding.end()

    assert found == WORDS


@pytest.mark.parametrize("colour", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("name", BROKEN)
def test_no_half_file_is_left(name: str, colour: str, tmp_path: Path) -> None:
    """
    A download that breaks off inside of its packing leaves the file that was there, and no part of a new one.
    """
    target = tmp_path / "export.zip"
    target.write_bytes(b"before")
    with serving(BROKEN[name]) as store:
        where = b'{"data": {"download_url": "%s/x", "expires_in": 60}}' % store.url.encode()
        with serving(http(200, where)) as server:
            error = raised(colour, lambda client: client.exports.download("e", target), base_url=server.url)

    assert "could not be read" in str(error)
    assert [("export.zip", b"before")] == [(file.name, file.read_bytes()) for file in tmp_path.iterdir()]


@pytest.mark.parametrize("colour", ["blocking", "asyncio", "trio"])
@pytest.mark.parametrize("url", ["http://[::1/x", "", "x", "//evil.example/x", "http://e\0/x", "ftp://e/x", "/../x"])
def test_a_download_url_that_is_none(url: str, colour: str, tmp_path: Path) -> None:
    """
    An answer that names no URL for the download could not be read, and says which field it is.
    """
    import json

    with serving(http(200, json.dumps({"data": {"download_url": url, "expires_in": 60}}).encode())) as server:
        error = raised(colour, lambda client: client.exports.download("e", tmp_path / "x"), base_url=server.url)

    assert (ApiError, True) == (type(error), "could not be read: its download_url" in str(error))
    assert 1 == server.connections
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("colour", ["blocking", "asyncio"])
def test_a_user_s_own_client_that_reads_first(colour: str) -> None:
    """
    A hook of the user's own client may read the answer; the body is there all the same.
    """
    run = b'{"data": []}'
    with serving(packed(gzip.compress(run), "gzip")) as server:
        if colour == "blocking":
            own: Any = httpx2.Client(event_hooks={"response": [lambda response: response.read()]})
        else:

            async def hook(response: httpx2.Response) -> None:
                await response.aread()

            own = httpx2.AsyncClient(event_hooks={"response": [hook]})
        assert [] == asked(colour, lambda client: client.models.list(), base_url=server.url, http_client=own)
