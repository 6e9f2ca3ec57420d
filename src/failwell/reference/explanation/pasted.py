"""Pasted replies: a body, perhaps with the status line and headers that `curl -i` prints."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from json import detect_encoding
from typing import Any

from failwell.contract.case import phrase
from failwell.wire import json

HEAD = re.compile(rb"HTTP/[0-9.]+ +([1-5][0-9][0-9])[^\n]*\n((?:[^\r\n]+\r?\n)*)(?:\r?\n|\Z)")
SPOKEN = re.compile(r"\b([45][0-9][0-9])\s+([A-Z][A-Za-z'-]+(?: [A-Z][A-Za-z'-]+)*)")
NOTHING = object()


@dataclass(frozen=True)
class Pasted:
    """What was pasted: its *status* if it says one, its *headers* with lower-case names, its *body*.

    *value* is the body read as JSON, or `NOTHING`.
    """

    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    value: Any = NOTHING

    @property
    def readable(self) -> bool:
        """Whether the body is JSON."""
        return self.value is not NOTHING

    @property
    def problem(self) -> bool:
        """Whether it is problem+json that says more than its status (RFC 9457)."""
        return isinstance(self.value, dict) and isinstance(self.value.get("type"), str) and "title" in self.value

    def described(self) -> str:
        """What it looks like, as a sentence."""
        if not self.body.strip():
            return "An empty body says nothing about the error."
        if not self.readable:
            return f"The body ({len(self.body)} bytes) is not whole JSON, so it has no code."
        return "The body has no code, and no field that only one error has."


def utf8(text: bytes) -> bytes:
    """*text* as UTF-8, without byte order mark and blank lines before it: Windows pipes UTF-16."""
    encoding = detect_encoding(text)
    if not encoding.startswith("utf-8"):
        text = text.decode(encoding, "replace").encode("utf-8", "replace")
    return text.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")


def read_pasted(text: bytes) -> Pasted:
    """Whatever *text* is, as the reply that it looks like."""
    status, headers, text = None, dict[str, str](), utf8(text)
    while found := HEAD.match(text):
        # Of several replies in one paste (an interim one, a redirect) the last is the answer.
        status, headers, text = int(found[1]), _headers(found[2]), text[found.end() :]
    try:
        value = json.loads(text)
    except json.UnreadableError:
        value = NOTHING
    if status is None:
        status = _status_inside(value, text)
    return Pasted(status, headers, text, value)


def _headers(lines: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _status_inside(value: Any, text: bytes) -> int | None:
    """The status that a body says by itself: problem+json in `status`, a proxy's page as "502 Bad Gateway"."""
    if isinstance(value, dict):
        said = value.get("status")
        return said if isinstance(said, int) and not isinstance(said, bool) and 400 <= said <= 599 else None
    if value is not NOTHING:
        return None
    for number, words in SPOKEN.findall(text[: json.LONGEST].decode("utf-8", "replace")):
        if words.startswith(phrase(int(number)) or "\n"):
            return int(number)
    return None
