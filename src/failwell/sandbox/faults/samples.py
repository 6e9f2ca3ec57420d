"""Samples of broken responses of real servers and proxies, byte by byte."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from failwell.contract.case import phrase
from failwell.sandbox.faults.validation import HeaderPairs

MalformedKind: TypeAlias = Literal["status-line", "no-status-line", "http-0.9", "header", "huge-header", "chunk-size"]

GarbledKind: TypeAlias = Literal["not-gzip", "cut-gzip", "gzip-bomb", "not-utf-8", "html"]

MALFORMED: Mapping[MalformedKind, bytes] = {
    "status-line": b"HTTP/1.1 OK, here you are\r\nContent-Length: 2\r\n\r\n{}",
    "no-status-line": b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "http-0.9": b'{"data": []}',
    "header": b"HTTP/1.1 200 OK\r\nthis line has no colon\r\nContent-Length: 2\r\n\r\n{}",
    "huge-header": b"HTTP/1.1 200 OK\r\nX-Huge: " + b"x" * 1_048_576 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "chunk-size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
}
"""Replies that are not HTTP."""

GARBLED: tuple[GarbledKind, ...] = get_args(GarbledKind)
"""Bodies that are not what their headers say, or not what anybody asked for."""

BOMB = 10 * 1024 * 1024
"""Bytes that the gzip bomb unpacks to, from some 10 KiB."""

_JSON = ("Content-Type", "application/json")
_ZIPPED = ("Content-Encoding", "gzip")
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


@functools.cache
def garbled(kind: GarbledKind, status: int) -> tuple[HeaderPairs, bytes]:
    """Headers and body of a garbled reply of *status*."""
    if kind == "html":
        page = _PAGE.format(f"{status} {phrase(status)}".strip())
        return (("Server", "nginx"), ("Content-Type", "text/html")), page.encode()
    if kind == "not-utf-8":
        return (_JSON,), b"Ung\xfcltige Antwort: \xff\xfe\x80"
    if kind == "not-gzip":
        return (_JSON, _ZIPPED), b'{"data": []}'
    if kind == "gzip-bomb":
        return (_JSON, _ZIPPED), gzip.compress(b" " * BOMB, mtime=0)
    whole = gzip.compress(b'{"data": [1, 2, 3], "detail": "The half of this never arrives."}', mtime=0)
    return (_JSON, _ZIPPED), whole[: len(whole) // 2]
