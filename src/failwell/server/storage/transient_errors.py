"""Transient errors (locks, full disks), and retries of work until they are over."""

from __future__ import annotations

import errno
import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from failwell.server.storage.sqlite import is_a

P = ParamSpec("P")
T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds until what failed is tried again, the first time and at most."""

_SQLITE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
)
_SYSTEM = {errno.EAGAIN, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC}

_log = logging.getLogger(__name__)


def passes(problem: BaseException) -> bool:
    """Whether *problem* is about a resource that comes back: a lock, room on a disk, a file handle, a Postgres."""
    return any(map(_passes, _causes(problem)))


def _passes(cause: BaseException) -> bool:
    if isinstance(cause, sqlite3.Error):
        return any(is_a(cause, code) for code in _SQLITE)
    if isinstance(cause, OSError):
        return cause.errno in _SYSTEM
    # What is not loaded has raised nothing.
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(cause, psycopg.OperationalError)


def patient(what: str, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What *function* returns, called again for as long as it fails with what `passes`; the log tells *what* waits.

    It is called again from its beginning, so it must come to the same when its first half was done already.
    """
    begun, wait, waits = time.monotonic(), FIRST_WAIT, False
    while True:
        try:
            result = function(*args, **kwargs)
        except Exception as problem:
            if not passes(problem):
                raise
            if not waits:
                _log.warning("%s waits, and goes on by itself: %s", what, problem)
            waits = True
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        else:
            if waits:
                _log.warning("%s goes on, after %.1f s.", what, time.monotonic() - begun)
            return result


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """*problem*, and what it was raised from."""
    cause: BaseException | None = problem
    while cause is not None:
        yield cause
        cause = cause.__cause__
