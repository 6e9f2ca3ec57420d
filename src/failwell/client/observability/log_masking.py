"""Log masking: keeps API keys and signed queries out of what the HTTP libraries log."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from weakref import finalize

from failwell._support.secret import MASK, Secret

LOGGERS = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
MOST_GONE = 1_000
"""Clients that are gone and whose keys are still masked: what is logged of their end comes later."""
START = 8
"""Characters by which a key is looked up in a text; a shorter one by all that it has."""
_UNSAID = (
    (re.compile(r"\?[^\s\"']+"), "?" + MASK),
    # What a server says may be what it was sent, and the secrets of one request are not known here.
    (re.compile(r"(receive_\w+\.complete return_value=\((?:b'HTTP/[\d.]+', )?\d+,).*", re.DOTALL), rf"\1 {MASK})"),
    (re.compile(r"(receive_\w+\.failed exception=\w+\().*", re.DOTALL), rf"\1{MASK})"),
    (re.compile(r"(\"HTTP/[\d.]+ \d+).*", re.DOTALL), r'\1"'),
)


class KeyFilter(logging.Filter):
    """Replaces every known key, every query of a URL, and what servers say, by `***` in the records of one logger."""

    def __init__(self) -> None:
        super().__init__()
        self._by_start: dict[str, dict[Secret, int]] = {}
        self._lengths: set[int] = set()
        self._of_the_gone: deque[tuple[Secret, ...]] = deque()
        self.renew()

    def renew(self) -> None:
        """Have a lock of its own, in the child of a fork: the parent's may be one that nobody lets go."""
        self._lock = threading.Lock()

    def add(self, owner: object, secrets: tuple[Secret, ...]) -> None:
        """Mask these from now on, as long as *owner* lives and a while longer."""
        with self._lock:
            self._count(secrets, 1)
            while len(self._of_the_gone) > MOST_GONE:
                self._count(self._of_the_gone.popleft(), -1)
        # Called by the collector, at any moment: it takes no lock.
        finalize(owner, self._of_the_gone.append, secrets).atexit = False

    def _count(self, secrets: tuple[Secret, ...], by: int) -> None:
        """Know *by* more owners of each of *secrets*, and forget those that have none left."""
        for secret in secrets:
            start = secret.reveal()[:START]
            self._lengths.add(len(start))
            known = self._by_start.setdefault(start, {})
            known[secret] = known.get(secret, 0) + by
            if not known[secret]:
                del known[secret]
            if not known:
                del self._by_start[start]

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record*; keep it."""
        text = record.getMessage()
        for unsaid, instead in _UNSAID:
            text = unsaid.sub(instead, text)
        record.msg, record.args = self._without_secrets(text), ()
        return True

    def _without_secrets(self, text: str) -> str:
        """*text* with each known key masked, in a time that does not depend on how many are known."""
        by_start = self._by_start
        starts = {text[at : at + length] for length in tuple(self._lengths) for at in range(len(text) - length + 1)}
        found = [secret for start in starts if start in by_start for secret in tuple(by_start.get(start, ()))]
        # The longest first: a key that begins like another must not leave its tail behind.
        for secret in sorted(found, key=lambda secret: -len(secret.reveal())):
            text = text.replace(secret.reveal(), MASK)
        return text


_FILTER = KeyFilter()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_FILTER.renew)


def mask_in_logs(owner: object, secrets: tuple[Secret, ...]) -> None:
    """From now on no record of the HTTP libraries shows one of *secrets*, which *owner* sends."""
    _FILTER.add(owner, tuple(secret for secret in secrets if secret))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
