"""How a client of the reference server comes upon each failure, and what the check asks of the SDK."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from struct import pack
from typing import Any

from failwell.conformance import Bench, Call, Calls, ClassAdapter, Observation
from scopix import exceptions
from scopix.client import Scopix, ScopixSync

ADAPTER = ClassAdapter(
    {"blocking": ScopixSync, "awaiting": Scopix},
    {name: getattr(exceptions, name) for name in exceptions.__all__ if name.endswith("Error")},
)

DOCUMENTED = tuple(name for name in exceptions.__all__ if name.endswith("Error"))
"""The classes that the page names."""

JSON = (("Content-Type", "application/json"),)
NOWHERE = "http://127.0.0.1:1"
NO_BUCKET = "no-such-bucket"
DEMO_BUCKET = "demo"
LONGER_THAN_ANY_JOB = 1e6
"""Seconds, on a clock where they cost nothing."""

_made = count(1)


def picture() -> bytes:
    """A PNG that no account has yet: of one row of pixels, each time others."""
    number = next(_made)
    row = b"\0" + number.to_bytes(3, "big") * 4

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", pack(">IIBBBBB", 4, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


@contextmanager
def a_file(name: str, content: bytes) -> Generator[Path]:
    """A file called *name* in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


def lists(client: Any) -> Any:
    """A call that reads."""
    return client.files.list()


def opens(client: Any, title: str = "Faults") -> Any:
    """A call that writes."""
    return client.chat.create_session(title)


def gets(client: Any) -> Any:
    """Ask for a file that never was."""
    return client.files.get("img_nonexistent")


def uploads(content: Any, *, describe: bool = False) -> Callable[[Any], Any]:
    """An action: upload *content*, without a description."""
    return lambda client: client.files.upload_batch(content, describe=describe, progress=False)


FAILURES: Sequence[tuple[str, Callable[[Bench], Observation]]] = (
    ("AuthenticationError", lambda bench: bench.call(lists, key="sk_unknown")),
    ("ResourceNotFoundError", lambda bench: bench.call(gets)),
)
"""Failures of every source that the SDK has, each with the name of its class."""

CALLS = Calls(
    reads=Call("files.list", "GET", lists),
    writes=Call("chat.create_session", "POST", opens, keyed=True),
)
