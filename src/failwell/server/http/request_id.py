"""Request ids: taken over from the caller where well formed, otherwise generated; for logs, too."""

from __future__ import annotations

import logging
import os
import random
import re
from collections.abc import Iterable

from failwell.server.side_effects import underway

_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
"""A token of RFC 9110, 5.6.2: no space, quote or line break can reach a log line or a header."""

_random = random.Random()  # noqa: S311 - ids are to be told apart, not to be kept secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def request_id_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The id that the header *name* gives, or a new one if there is none, several, or one that is no token."""
    if name in dict(headers):  # they are in lower case, as ASGI has them
        given = [value for key, value in headers if key == name]
        if len(given) == 1 and _TOKEN.fullmatch(given[0]):
            return given[0].decode("ascii")
    return _random.getrandbits(128).to_bytes(16, "big").hex()


def current_request_id() -> str | None:
    """The id of the request that is being answered, or None outside of one."""
    effects = underway()
    return None if effects is None else effects.request_id


class RequestIdFilter(logging.Filter):
    """Gives every log record a `request_id`: add it to a handler whose format has `%(request_id)s`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete *record*; keep it."""
        if not hasattr(record, "request_id"):
            record.request_id = current_request_id()
        return True
