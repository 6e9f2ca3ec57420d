"""What was asked and what came of it: one entry per request, without secrets."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from urllib.parse import unquote

MOST_ENTRIES = 10_000
"""Entries that are kept; the oldest go first."""

SECRET_HEADERS = frozenset(
    ("authorization", "proxy-authorization", "x-api-key", "api-key", "cookie", "set-cookie", "x-failwell-token")
)
"""Headers whose values are never kept, in lower case."""

_HIDDEN = "***"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_WORDS = frozenset(("auth", "jwt", "key", "keys", "pwd", "sig"))
_SECRET_PARTS = re.compile(r"apikey|accesskey|authorization|credential|passw|secret|session|signature|token")


@dataclass(frozen=True)
class Entry:
    """One request: *time* is when it arrived, *outcome* what became of it, such as "passed 200" or "reset"."""

    number: int
    time: float
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body_sha256: str = ""
    body_length: int = 0
    outcome: str = ""

    def to_json(self) -> dict[str, object]:
        """This entry as JSON values."""
        return asdict(self)


class RequestLog:
    """The newest entries, in order of arrival. Any thread may write, any may read."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, redact: Iterable[str] = (), most: int = MOST_ENTRIES
    ) -> None:
        self._clock = clock
        self._secret = SECRET_HEADERS | {name.lower() for name in redact}
        self._changed = threading.Condition()
        self._entries: deque[Entry] = deque(maxlen=most)
        self._last_number = 0

    def arrival(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> Arrival:
        """Note that a request came in; its entry appears when the arrival's `record` is called."""
        kept = tuple((name, _HIDDEN if name.lower() in self._secret else value) for name, value in headers)
        with self._changed:
            self._last_number += 1
            return Arrival(self, Entry(self._last_number, self._clock(), method, without_secrets(target), kept))

    def add(self, entry: Entry) -> None:
        """Keep *entry*."""
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()

    def entries(self) -> tuple[Entry, ...]:
        """What is kept, in order of arrival."""
        with self._changed:
            return tuple(sorted(self._entries, key=lambda entry: entry.number))

    def wait_for(self, count: int, *, timeout: float = 5.0) -> tuple[Entry, ...]:
        """
        What is kept, as soon as that is *count* entries or *timeout* is over.

        It blocks, so it is not for the loop that the layer runs in.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._entries) >= count, timeout)
        return self.entries()

    def clear(self) -> int:
        """Forget all entries, not the numbering; return how many there were."""
        with self._changed:
            count = len(self._entries)
            self._entries.clear()
            return count

    def to_json(self) -> dict[str, object]:
        """The log as JSON values."""
        return {"entries": [entry.to_json() for entry in self.entries()]}


class Arrival:
    """A request that came in and whose outcome is not known yet: *entry* is the one to come, without body."""

    def __init__(self, log: RequestLog, entry: Entry) -> None:
        self._log = log
        self._entry = entry
        self._recorded = False

    def record(self, outcome: str, body_sha256: str, body_length: int) -> None:
        """Write the entry. The first outcome counts: what follows is only the connection going away."""
        if not self._recorded:
            self._recorded = True
            self._log.add(replace(self._entry, body_sha256=body_sha256, body_length=body_length, outcome=outcome))


def without_secrets(target: str) -> str:
    """*target* (path and query), with "***" for a password and for each parameter that looks like a key."""
    target = re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#@]*@", rf"\1{_HIDDEN}@", target)
    path, mark, query = target.partition("?")
    return path + mark + re.sub(r"[^&;]+", _without_secret, query)


def _without_secret(parameter: re.Match[str]) -> str:
    name, equals, _ = parameter[0].partition("=")
    return f"{name}={_HIDDEN}" if equals and _looks_secret(unquote(name)) else parameter[0]


def _looks_secret(name: str) -> bool:
    # By words, so that "api_key" and "apiKey" are hidden, and "keyword" and "design" are not.
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(_SECRET_WORDS) or _SECRET_PARTS.search(name.lower()) is not None
