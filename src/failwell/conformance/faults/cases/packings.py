"""Content codings of a body, whole and broken: gzip and deflate in each form that servers send."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

from failwell.client.transport.content_coding import LONGEST_REPLY


def packings(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Ways to pack *body*, each with the name of its coding."""
    whole, middle = _zipped(body), len(body) // 2
    yield "good gzip", "gzip", whole
    yield "gzip that is called GZIP", "GZIP", whole
    yield "gzip that is called x-gzip", "x-gzip", whole
    yield "gzip in two members", "gzip", _zipped(body[:middle]) + _zipped(body[middle:])
    members = [body[at : at + 1] for at in range(min(100, len(body)))]
    yield "gzip in members of a byte", "gzip", b"".join(map(_zipped, [*members, body[100:]]))
    yield "gzip behind an empty member", "gzip", _zipped(b"") + whole
    yield "gzip before 1000 NUL bytes", "gzip", whole + bytes(1000)
    yield "gzip of gzip", "gzip, gzip", _zipped(whole)
    yield "gzip of gzip that is called x-gzip", "gzip, x-gzip", _zipped(whole)
    yield "deflate", "deflate", _deflated(body, 15)
    yield "deflate without a head", "deflate", _deflated(body, -15)
    yield "gzip of deflate", "deflate,gzip", _zipped(_deflated(body, 15))


def broken_packings(body: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Ways not to pack *body*, of 1,000 bytes or more, each with the name of what it says to be."""
    whole = _zipped(body)
    yield "half a gzip", "gzip", whole[: len(whole) // 2]
    yield "gzip without its last byte", "gzip", whole[:-1]
    yield "one byte of gzip", "gzip", whole[:1]
    yield "the head of gzip", "gzip", whole[:5]
    yield "half a second member of gzip", "gzip", whole + whole[: len(whole) // 2]
    yield "one byte of a second member of gzip", "gzip", whole + whole[:1]
    yield "gzip with a wrong checksum", "gzip", whole[:-8] + b"12345678"
    yield "a page behind gzip", "gzip", whole + b"<html>"
    yield "half a gzip in gzip", "gzip, gzip", _zipped(whole[: len(whole) // 2])
    yield "half a deflate", "deflate", _deflated(body, 15)[:-10]
    yield "half a deflate without a head", "deflate", _deflated(body, -15)[:-10]
    yield "a page behind deflate", "deflate", _deflated(body, 15) + b"<html>"
    yield "deflate that is none", "deflate", b"{}"
    yield "gzip that says to be packed six times", ", ".join(["gzip"] * 6), whole
    yield "gzip that says to be packed a thousand times", ",".join(["gzip"] * 1000), whole
    yield "no gzip at all", "gzip", body


def endless() -> bytes:
    """Gzip that unpacks to more than the longest body that is held."""
    return gzip.compress(b" " * (LONGEST_REPLY + 1), 1, mtime=0)


def _zipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _deflated(body: bytes, window: int) -> bytes:
    """*body* with a head of zlib's, or with none where *window* is negative."""
    packer = zlib.compressobj(wbits=window)
    return packer.compress(body) + packer.flush()
