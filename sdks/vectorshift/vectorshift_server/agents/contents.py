"""The contents of messages: texts, and files of text."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from failwell.server import shorten
from vectorshift.exceptions import BadRequestError


def texts_of(contents: Any, most: int) -> list[str]:
    """What each of *contents* says, in *most* characters. Raises: BadRequestError."""
    if not isinstance(contents, list) or not contents:
        raise BadRequestError("The message has no content. Send a text, or a file of text.")
    texts = [_text(content) for content in contents]
    count = sum(map(len, texts))
    if count > most:
        raise BadRequestError(f"The message has {count:,} characters, and may have {most:,}. Say less at a time.")
    return texts


def _text(content: Any) -> str:
    kind, value = ("string", content) if isinstance(content, str) else _parts(content)
    if kind == "file":
        value = _of_file(value)
    elif kind != "string" and not kind.startswith("text/"):
        value = None
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f'A content of the type "{shorten(kind)}" is empty, or no text. Send a text.')
    return value.encode("utf-8", "replace").decode()


def _parts(content: Any) -> tuple[str, Any]:
    if not isinstance(content, dict):
        return type(content).__name__, None
    return str(content.get("type_string")), content.get("value")


def _of_file(value: Any) -> str | None:
    """The text of a file, with its name. Raises: BadRequestError."""
    given = value if isinstance(value, dict) else {}
    about = given.get("metadata")
    name = shorten(str(about.get("name", "file"))) if isinstance(about, dict) else "file"
    try:
        return f"{name}:\n{base64.b64decode(str(given.get('raw_bytes', '')), validate=True).decode()}"
    except (binascii.Error, UnicodeDecodeError):
        raise BadRequestError(f'The file "{name}" is no text in UTF-8. Send it as text.') from None
