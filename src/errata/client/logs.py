"""Keeps keys and signed queries out of what the HTTP libraries log."""

from __future__ import annotations

import logging
import re
import threading

from errata.contract.secret import MASK, Secret

LOGGERS = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
_QUERY = re.compile(r"\?[^\s\"']+")


class KeyFilter(logging.Filter):
    """Replaces every known key, and every query of a URL, by `***` in the records of one logger."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[Secret] = set()
        self._lock = threading.Lock()

    def add(self, secrets: tuple[Secret, ...]) -> None:
        """Mask these from now on."""
        with self._lock:
            self._secrets = self._secrets | set(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record*; keep it."""
        text = _QUERY.sub("?" + MASK, record.getMessage())
        for secret in self._secrets:
            text = text.replace(secret.reveal(), MASK)
        record.msg, record.args = text, ()
        return True


_FILTER = KeyFilter()


def mask_in_logs(secrets: tuple[Secret, ...]) -> None:
    """From now on no record of the HTTP libraries shows one of *secrets*."""
    _FILTER.add(tuple(secret for secret in secrets if secret))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
