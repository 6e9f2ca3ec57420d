"""Which names may be given, and which of them is an id."""

from __future__ import annotations

import re
import unicodedata
import uuid
from typing import Annotated

from pydantic import AfterValidator, Field

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 200
_LONGEST_DIRECTORY = 500


def new_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def looks_like_id(text: str) -> bool:
    """Whether *text* has the shape of an id; no name may have it, so that one path segment takes either."""
    return _ID.fullmatch(text) is not None


def _check_segment(text: str) -> str:
    """*text* if it can stand as one segment of a URL path.

    Raises: ValueError.
    """
    if not text.strip():
        raise ValueError("must not be blank")
    if "/" in text or "\\" in text:
        raise ValueError("must not contain a slash or backslash")
    if text in {".", ".."}:
        raise ValueError('must not be "." or ".."')
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must not contain control characters")
    return text


def _check_name(text: str) -> str:
    _check_segment(text)
    if looks_like_id(text):
        raise ValueError("must not have the shape of an id")
    if text == "by-id":
        raise ValueError('must not be "by-id", which is part of a path')
    return text


def _check_directory(text: str) -> str:
    """*text* as it is stored: "/" or "/a/b"."""
    segments = text.strip("/").split("/") if text.strip("/") else []
    for segment in segments:
        _check_segment(segment)
    return "/" + "/".join(segments)


Name = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_check_name)]
"""What datasets, exports and runs are called."""

Filename = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_check_name)]
"""What an image is called in its folder."""

Directory = Annotated[str, Field(max_length=_LONGEST_DIRECTORY), AfterValidator(_check_directory)]
"""A folder inside of a dataset; no file of ours is ever named after it."""
