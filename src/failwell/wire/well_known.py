"""The message of an error body in any well-known shape, for replies that are not in the vendor's own envelope.

Nothing here says which error a reply is: a proxy, a gateway or a framework speaks, and its codes are not the vendor's.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from failwell._support import truncation
from failwell.wire.json import charset_of
from failwell.wire.messages import Reply

DEPTH = 8
"""Levels below which nobody looks for a message."""
ENTRIES = 100
"""Entries of one level that are looked at."""
PARTS = 1000
"""Lists and objects that are looked into: what a server sends must not decide how long an error takes."""
SHOWN = 3
"""Entries of a list that are quoted."""

SENTENCES = (
    "message",
    "detail",
    "errordescription",
    "errormessage",
    "errormsg",
    "msg",
    "title",
    "faultstring",
    "description",
    "reason",
)
"""Keys of the sentence, the most telling first: lower case, and without "_", "-" and "." (`error_description`,
`errorMessage`, AWS's `Message`)."""
LISTS = ("errors", "fielderrors", "invalidparams", "violations", "nonfielderrors", "issues")
"""Keys of what is wrong in each place: Rails, Laravel, JSON:API, GraphQL, ASP.NET, RFC 7807's `invalid-params`."""
WRAPPERS = ("error", "fault", "exception", "odataerror", "err", "value")
"""Keys of an object with the sentence in it, or of the sentence itself."""
PLACES = ("loc", "pointer", "field", "path", "param", "parameter", "property", "propertypath", "name")
"""Keys of where it is that something is wrong."""
OF_ALL = ("errors", "nonfielderrors", "base", "all")
"""Places that are none: what is said there is about all of what was sent."""

_APART = str.maketrans("", "", "_-. ")
_SPACE = re.compile(r"\s+")
_TEXT_IN = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"<title\b[^>]{0,200}>([^<]{0,2000})</title",
        r"<h1\b[^>]{0,200}>(.{0,2000}?)</h1",
        r"<(?:\w{1,20}:)?(?:message|detail|description|faultstring|reason)\b[^>]{0,200}>(.{0,2000}?)</",
    )
)
"""Where a page of HTML, and an error in XML (S3, SOAP), has its sentence."""
_TAG = re.compile(r"<!\[CDATA\[|\]\]>|<[^>]*>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_PAGE = 16 * 1024
"""Bytes of a page in which its title is looked for."""


def of_body(body: Any, *, other_than: frozenset[str] = frozenset()) -> str | None:
    """The sentence that a parsed JSON *body* has for a person, or None. Keys *other_than* which are not looked at."""
    return _Search(other_than).words(body, DEPTH)


def of_text(reply: Reply) -> str | None:
    """The sentence of a body that is no JSON: plain text in its charset, a form, the title of a page; or None."""
    kind, charset = _content_type(reply)
    text = _decoded(reply.body[:_PAGE], charset)
    if text is None:
        return None
    text = text.strip().removeprefix("\ufeff").strip()
    if kind == "application/x-www-form-urlencoded":
        from urllib.parse import parse_qsl

        return of_body(dict(parse_qsl(text)))
    if text.startswith("<"):
        return _of_page(text)
    whole = len(reply.body) <= _PAGE and len(text.encode("utf-8", "replace")) <= truncation.TEXT
    is_broken_json = text[:1] in ("{", "[", '"') and kind != "text/plain"
    return text if text and whole and not is_broken_json else None


def _content_type(reply: Reply) -> tuple[str, str]:
    """The media type and the charset that a reply says it has."""
    return reply.headers.get("content-type", "").partition(";")[0].strip().lower(), charset_of(reply.headers)


def _decoded(body: bytes, charset: str) -> str | None:
    """The text of *body* in UTF-8, whatever its headers say, or else in *charset*; None for what is no text."""
    for name in ("utf-8", charset):
        try:
            # What was cut may end within a character.
            text = body.decode(name, "strict" if len(body) < _PAGE else "ignore") if name else ""
        except (LookupError, ValueError):
            continue
        if text and not _CONTROL.search(text):
            return text
    return None


def _of_page(text: str) -> str | None:
    """The title, the heading or the message of a page of HTML or XML."""
    from html import unescape

    number = ""
    for pattern in _TEXT_IN:
        found = pattern.search(text)
        said = _SPACE.sub(" ", unescape(_TAG.sub(" ", found[1]))).strip() if found else ""
        if any(character.isalpha() for character in said):
            return f"{number} {said}".strip()
        number = number or said
    return None


class _Search:
    """Looks for the sentence of a body, in a bounded number of its parts."""

    def __init__(self, other_than: frozenset[str]) -> None:
        self.other_than = other_than
        self.left = PARTS

    def words(self, value: Any, depth: int) -> str | None:
        """A sentence as it is; of an object its sentence, and what is wrong where; of a list all that it says."""
        if isinstance(value, str):
            return value if value.strip() else None
        self.left -= 1
        if not depth or self.left < 0:
            return None
        if isinstance(value, list):
            return _listed(self.entries(value, depth))
        if not isinstance(value, dict):
            return None
        named = {_key(key): part for key, part in islice(value.items(), ENTRIES) if key not in self.other_than}
        sentence = self.first(named, SENTENCES, depth)
        wrong = _listed([
            entry for key in LISTS for entry in self.entries(named.get(key), depth) if entry != sentence
        ])  # fmt: skip
        if sentence is not None and wrong is not None:
            return f"{sentence} ({wrong})"
        return sentence or wrong or self.first(named, WRAPPERS, depth) or self.inside(named, depth)

    def first(self, named: dict[str, Any], keys: tuple[str, ...], depth: int) -> str | None:
        """What the first of *keys* says that says something; text before anything else."""
        found = [named[key] for key in keys if key in named]
        texts = (part for part in found if isinstance(part, str) and part.strip())
        others = (self.words(part, depth - 1) for part in found if not isinstance(part, str))
        return next(texts, None) or next((text for text in others if text), None)

    def inside(self, named: dict[str, Any], depth: int) -> str | None:
        """What a map of fields says, or an object below a key that nobody knows."""
        if (fields := _fields(named)) and (said := _listed(self.entries(fields, depth))):
            return said
        objects = (self.words(part, depth - 1) for part in named.values() if isinstance(part, dict))
        return next((text for text in objects if text), None)

    def entries(self, value: Any, depth: int) -> list[str]:
        """What is said in each entry of *value*, with the place before it: "name: is too short"."""
        if isinstance(value, dict):
            parts = [(str(key), part) for key, part in islice(value.items(), ENTRIES) if key not in self.other_than]
        else:
            parts = [(_place(part), part) for part in (value[:ENTRIES] if isinstance(value, list) else [value])]
        said = ((place, self.words(part, depth - 1)) for place, part in parts)
        return [f"{place}: {text}" if place and _key(place) not in OF_ALL else text for place, text in said if text]


def _key(key: object) -> str:
    """*key* in lower case and without what stands between its words."""
    return str(key).translate(_APART).lower()


def _place(entry: Any) -> str:
    """Where an *entry* of a list says that something is wrong."""
    if not isinstance(entry, dict):
        return ""
    source = entry.get("source")
    named = {_key(key): part for key, part in entry.items()}
    if isinstance(source, dict):  # JSON:API
        named.update((_key(key), part) for key, part in source.items())
    for key in PLACES:
        found = named.get(key)
        if isinstance(found, list):
            return ".".join(str(part) for part in found[:ENTRIES] if part != "body")
        if isinstance(found, str) and found:
            return found
    return ""


def _listed(entries: list[str]) -> str | None:
    """The first *entries* in one line, and how many more there are."""
    more = f"; and {len(entries) - SHOWN} more" if len(entries) > SHOWN else ""
    return "; ".join(entries[:SHOWN]) + more if entries else None


def _fields(named: dict[str, Any]) -> dict[str, Any]:
    """What Django REST framework and others say of a form: `{"name": ["is too short"], ...}`."""
    lists = {key: part for key, part in named.items() if isinstance(part, list) and part}
    texts = {key: part for key, part in named.items() if isinstance(part, str) and " " in part.strip()}
    if len(lists) + len(texts) == len(named):
        return named
    # Beside other facts, a list of words may be anything; one of sentences is not.
    return {key: part for key, part in lists.items() if isinstance(part[0], str) and " " in part[0].strip()}
