"""Resume tokens: the text with which another process goes on with a wait or an upload; no secret is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failwell._support import truncation
from failwell._support.frozen import Frozen
from failwell.wire import json

PREFIX = "failwell"
VERSION = f"{PREFIX}1"
"""Begins every token. Another way to write them gets another number."""
LONGEST = 8_192
"""Characters; a longer text is none of ours."""


class BadTokenError(ValueError):
    """A text that is no token, or not a whole one. Turned into the vendor's error, never raised on."""


class ResumeToken(Frozen):
    """*operation* of the API *vendor*, called with *arguments* by name; *state* is how far it had come."""

    vendor: str
    operation: str
    arguments: Mapping[str, Any]
    state: Mapping[str, Any] = {}

    def __str__(self) -> str:
        held = {"vendor": self.vendor, "operation": self.operation, "arguments": dict(self.arguments)}
        text = json.dumps({**held, "state": dict(self.state)} if self.state else held)
        return f"{VERSION}.{_encoded(text)}.{_digest(text)}"

    @property
    def text(self) -> str | None:
        """It as text; None where that is longer than what is read."""
        text = str(self)
        return text if len(text) <= LONGEST else None


def read_token(text: object) -> ResumeToken:
    """The token that *text* is. White space around it does not matter.

    Raises:
        BadTokenError: it is none, was cut or changed, or is of another version.
    """
    if not isinstance(text, str):
        raise BadTokenError(f"it is of type {type(text).__name__}, not text")
    version, _, rest = text.strip().partition(".")
    if not version.startswith(PREFIX) or not version.removeprefix(PREFIX).isdecimal() or len(text) > LONGEST:
        raise BadTokenError(f"it has {len(text)} characters and does not begin with {VERSION}.")
    if version != VERSION:
        raise BadTokenError(f"it is of version {version}, and this release of Failwell reads {VERSION}")
    body, _, digest = rest.partition(".")
    raw = _decoded(body)
    if raw is None or _digest(raw) != digest or _encoded(raw) != body:
        raise BadTokenError(f"its {len(text)} characters do not fit its checksum: it was cut or changed")
    try:
        held = json.loads(raw)
    except json.UnreadableError as problem:
        raise BadTokenError("it is not JSON inside") from problem
    return _token(held)


def arguments_of(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those of *given* that a token can hold; None when one of them cannot be said exactly in plain JSON."""
    return {**given} if all(_plain(value) for value in given.values()) else None


def _plain(value: object) -> bool:
    if isinstance(value, str):
        return value == truncation.replace_surrogates(value)  # a file's name may be no text at all
    finite = not isinstance(value, float) or abs(value) < float("inf")
    return value is None or (isinstance(value, int | float) and finite)


def _token(held: Any) -> ResumeToken:
    """The token with the parts *held*.

    Raises:
        BadTokenError: they are not those of a token.
    """
    parts = held if isinstance(held, dict) else {}
    vendor, operation = parts.get("vendor"), parts.get("operation")
    arguments, state = parts.get("arguments"), parts.get("state", {})
    if not (
        isinstance(vendor, str)
        and isinstance(operation, str)
        and isinstance(arguments, dict)
        and isinstance(state, dict)
    ):
        raise BadTokenError("it does not say what to go on with")
    return ResumeToken(vendor, operation, arguments, state)


def _encoded(raw: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes | None:
    from base64 import urlsafe_b64decode

    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


def _digest(raw: bytes) -> str:
    from hashlib import sha256

    return sha256(raw).hexdigest()[:16]
