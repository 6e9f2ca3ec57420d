"""Request log of the sandbox: one entry a request and its outcome, without secrets."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from urllib.parse import quote, unquote

MOST_ENTRIES = 10_000
"""Entries that are kept; the oldest go first."""

_HIDDEN = "***"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET_WORDS = frozenset((
    *("auth", "bearer", "cookie", "csrf", "hmac", "jwt", "key", "keys", "mfa", "nonce", "oidc", "otp", "pass", "pin"),
    *("pw", "pwd", "saml", "sess", "sid", "sig", "sign", "ticket", "totp", "xsrf"),
))  # fmt: skip
_SECRET_PARTS = re.compile(
    r"apikey|accesskey|authentication|authorization|credential|dpop|passcode|passphrase|passw|secret|session|signature"
    r"|token"
)
_NOT_SECRET = re.compile(r"idempoten(?:cy|t)|sec-websocket-key")
"""Keys by name only: one tells a repeated request, the other a handshake."""
_SCHEME = re.compile(r"(?i:basic|bearer|digest|dpop|negotiate|token)\s+\S|[A-Za-z0-9-]+\s+(?i:credential|signature)=")
"""How a value begins that is a credential, whatever its header is called."""
_JWT = r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"
"""A signed token, wherever it stands: some services take one among the subprotocols of a websocket, or in a path."""


@dataclass(frozen=True)
class Entry:
    """One request: *time* is when it arrived, *outcome* what became of it, such as "passed 200" or "reset".

    *replayed* is whether the server said that its answer is the one to an earlier request with the same key.
    """

    number: int
    time: float
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body_sha256: str = ""
    body_length: int = 0
    outcome: str = ""
    replayed: bool = False

    def to_json(self) -> dict[str, object]:
        """This entry as JSON values."""
        return asdict(self)


class RequestLog:
    """The newest entries, in order of arrival. Any thread may write, any may read.

    Of headers that look like credentials only the names are kept, and of those named in *redact*, in any case of the
    letters, unless it is one to *keep*. *secrets* are hidden wherever they stand.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        redact: Iterable[str] = (),
        keep: Iterable[str] = (),
        secrets: Iterable[str] = (),
        most: int = MOST_ENTRIES,
    ) -> None:
        self._clock = clock
        self._redact = frozenset(name.lower() for name in redact)
        self._keep = frozenset(name.lower() for name in keep)
        # The longest first: one may begin with another.
        spelled = {spelling for secret in secrets if secret for spelling in (secret, quote(secret, safe=""))}
        known = map(re.escape, sorted(spelled, key=len, reverse=True))
        self._secrets = re.compile("|".join([*known, _JWT]))
        self._changed = threading.Condition()
        self._entries: deque[Entry] = deque(maxlen=most)
        self._last_number = 0
        self._cleared = 0

    def arrival(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> Arrival:
        """Note that a request came in; its entry appears when the arrival's `record` is called."""
        kept = tuple((name, self._shown(name, value)) for name, value in headers)
        path = self._masked(without_secrets(target))
        with self._changed:
            self._last_number += 1
            return Arrival(self, Entry(self._last_number, self._clock(), method, path, kept))

    def _shown(self, name: str, value: str) -> str:
        """What is kept of the *value* of a header."""
        lower = name.lower()
        if lower in self._redact or (looks_secret(name) and lower not in self._keep) or _SCHEME.match(value):
            return _HIDDEN
        return self._masked(without_secrets(value) if "://" in value or "?" in value else value)

    def _masked(self, text: str) -> str:
        return self._secrets.sub(_HIDDEN, text)

    def add(self, entry: Entry) -> None:
        """Keep *entry*, unless its request arrived before the log was cleared."""
        with self._changed:
            if entry.number > self._cleared:
                self._entries.append(entry)
                self._changed.notify_all()

    def entries(self) -> tuple[Entry, ...]:
        """What is kept, in order of arrival."""
        with self._changed:
            return tuple(sorted(self._entries, key=lambda entry: entry.number))

    def wait_for(self, count: int, *, timeout: float = 30.0) -> tuple[Entry, ...]:
        """
        What is kept, as soon as that is *count* entries or *timeout* is over.

        It blocks, so it is not for the loop that the layer runs in.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._entries) >= count, timeout)
        return self.entries()

    def clear(self) -> int:
        """
        Forget all requests that have arrived, also those without outcome yet; return how many entries there were.

        The numbering goes on.
        """
        with self._changed:
            count = len(self._entries)
            self._entries.clear()
            self._cleared = self._last_number
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

    def record(self, outcome: str, body_sha256: str, body_length: int, *, replayed: bool = False) -> None:
        """Write the entry. The first outcome counts: what follows is only the connection going away."""
        if not self._recorded:
            self._recorded = True
            entry = replace(self._entry, body_sha256=body_sha256, body_length=body_length, outcome=outcome)
            self._log.add(replace(entry, replayed=replayed))


def without_secrets(target: str) -> str:
    """*target* (path and query), with "***" for a password and for each parameter that looks like a key."""
    target = re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#@]*@", rf"\1{_HIDDEN}@", target)
    path, mark, query = target.partition("?")
    path = re.sub(r"(?<=;)[^;/]+", _without_secret, path)
    return path + mark + re.sub(r"[^&;]+", _without_secret, query)


def _without_secret(parameter: re.Match[str]) -> str:
    name, equals, _ = parameter[0].partition("=")
    return f"{name}={_HIDDEN}" if equals and looks_secret(unquote(name)) else parameter[0]


def looks_secret(name: str) -> bool:
    """Whether a header or a parameter called *name* holds a credential."""
    if _NOT_SECRET.search(name.lower()):
        return False
    # By words, so that "api_key" and "apiKey" are hidden, and "keyword" and "design" are not.
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(_SECRET_WORDS) or _SECRET_PARTS.search(name.lower()) is not None
