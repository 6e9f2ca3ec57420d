"""Ids, and which file names may be given."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Annotated

from pydantic import AfterValidator, Field


def new_id(kind: str) -> str:
    """A fresh id of a *kind*: "img_...", "doc_..."."""
    return f"{kind}_{uuid.uuid4().hex}"


def _check(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    return text


Filename = Annotated[str, Field(max_length=255), AfterValidator(_check)]
"""What a file is called. No file of ours is ever named after it."""
