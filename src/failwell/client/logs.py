"""Keeps keys and signed queries out of what the HTTP libraries log."""

from __future__ import annotations

import logging
import os
import re
import threading

from failwell.contract.secret import MASK, Secret

LOGGERS = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
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
        self._secrets: set[Secret] = set()
        self.renew()

    def renew(self) -> None:
        """Have a lock of its own, in the child of a fork: the parent's may be one that nobody lets go."""
        self._lock = threading.Lock()

    def add(self, secrets: tuple[Secret, ...]) -> None:
        """Mask these from now on."""
        with self._lock:
            self._secrets = self._secrets | set(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record*; keep it."""
        text = record.getMessage()
        for unsaid, instead in _UNSAID:
            text = unsaid.sub(instead, text)
        for secret in self._secrets:
            text = text.replace(secret.reveal(), MASK)
        record.msg, record.args = text, ()
        return True


_FILTER = KeyFilter()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_FILTER.renew)


def mask_in_logs(secrets: tuple[Secret, ...]) -> None:
    """From now on no record of the HTTP libraries shows one of *secrets*."""
    _FILTER.add(tuple(secret for secret in secrets if secret))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
