"""The text of documents: plain text, Markdown and PDF, within limits."""

from __future__ import annotations

import codecs
import io
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from failwell.server import ConfinedError, confined

SUFFIXES = (".txt", ".md", ".pdf")
"""What the name of a document ends with."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PASSAGE = 1000
"""Characters that a passage has about."""


class UnreadableError(Exception):
    """No text can be taken from a document: a *code* for programs, and words for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Limits:
    """How much text one document may have."""

    pages: int = 2000
    characters: int = 5_000_000


@dataclass(frozen=True)
class Text:
    """What a document says; *pages* of a PDF."""

    text: str
    pages: int | None = None


def is_document(filename: str) -> bool:
    """Whether *filename* is that of a document."""
    return PurePath(filename).suffix.lower() in SUFFIXES


def is_pdf(filename: str) -> bool:
    """Whether *filename* is that of a PDF, which takes more than decoding."""
    return PurePath(filename).suffix.lower() == ".pdf"


def text_of(filename: str, content: bytes, limits: Limits) -> Text:
    """What the document *filename* says.

    Raises:
        UnreadableError: it cannot be read, has too much text, or none.
    """
    found = _pdf(content, limits) if is_pdf(filename) else Text(_plain(content))
    if len(found.text) > limits.characters:
        message = f"It has more than {limits.characters:,} characters of text. Split it."
        raise UnreadableError("DOCUMENT_TOO_LONG", message)
    if not found.text.strip():
        where = f" on its {found.pages} pages: scanned pages are not read here" if found.pages else ""
        raise UnreadableError("NO_TEXT", f"There is no text in it{where}.")
    return found


def read_text(filename: str, path: Path, limits: Limits, *, seconds: float, memory: int) -> Text:
    """What the document *filename* says whose bytes are at *path*.

    A PDF is read in a process of its own, for *seconds* and with *memory* bytes at most: a small one can unpack to more
    than a machine has.

    Raises:
        UnreadableError: as for `text_of`, and at those limits.
    """
    if not is_pdf(filename):
        return text_of(filename, path.read_bytes(), limits)
    here = f"{__name__}:{_confined.__name__}"
    try:
        said = confined(here, filename, str(path), asdict(limits), seconds=seconds, memory=memory)
    except ConfinedError as problem:
        raise UnreadableError("DOCUMENT_TOO_LONG", f"It takes too much to read: {problem.limit}.") from problem
    if "code" in said:
        raise UnreadableError(**said)
    return Text(**said)


def _confined(filename: str, path: str, limits: dict[str, int]) -> dict[str, Any]:
    try:
        return asdict(text_of(filename, Path(path).read_bytes(), Limits(**limits)))
    except UnreadableError as problem:
        return {"code": problem.code, "message": problem.message}


def passages(text: str) -> list[str]:
    """*text* in pieces of about a thousand characters, which end with a paragraph or a sentence where they can."""
    found: list[str] = []
    for piece in re.split(r"\n\s*\n|(?<=[.!?])\s+", text):
        for start in range(0, len(piece), _PASSAGE):
            part = " ".join(piece[start : start + _PASSAGE].split())
            if found and part and len(found[-1]) + len(part) < _PASSAGE:
                found[-1] = f"{found[-1]} {part}"
            elif part:
                found.append(part)
    return found


def _plain(content: bytes) -> str:
    """Decode UTF-8, or what a byte order mark says. Raises: UnreadableError."""
    mark, encoding = next((pair for pair in _BOMS if content.startswith(pair[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as problem:
        message = f"Its bytes are no {encoding.upper()} text from byte {problem.start} on. Save it as UTF-8."
        raise UnreadableError("NOT_TEXT", message) from None
    if "\0" in text:
        raise UnreadableError("NOT_TEXT", "It has NUL characters, as no text has. Save it as UTF-8.")
    return text


def _pdf(content: bytes, limits: Limits) -> Text:
    """Read a PDF page by page. Raises: UnreadableError."""
    # Only here: most workers never meet a PDF.
    import pypdf
    from pypdf.errors import DependencyError, LimitReachedError

    # What it repairs or skips is the document's affair, not the operator's.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in content[:1024]:
        raise UnreadableError("BROKEN_PDF", "It does not begin as a PDF does. Save it again.")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        # Many are encrypted with the empty password, and may be read by all.
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("ENCRYPTED_PDF", "It is encrypted. Save it without a password.")
        if len(reader.pages) > limits.pages:
            message = f"It has {len(reader.pages):,} pages, at most {limits.pages:,} are read. Split it."
            raise UnreadableError("DOCUMENT_TOO_LONG", message)
        return _pages([page.extract_text for page in reader.pages], limits)
    except (UnreadableError, MemoryError):
        raise
    except DependencyError:
        raise UnreadableError("ENCRYPTED_PDF", "It is encrypted in a way that is not read here.") from None
    except LimitReachedError:
        message = "A stream in it unpacks to more than is read here. Save it again, or split it."
        raise UnreadableError("DOCUMENT_TOO_LONG", message) from None
    except Exception as problem:
        message = f"It cannot be read as a PDF ({type(problem).__name__}). Save it again."
        raise UnreadableError("BROKEN_PDF", message) from problem


def _pages(extractors: list[Callable[[], str]], limits: Limits) -> Text:
    found: list[str] = []
    size = 0
    for extract in extractors:
        found.append(extract())
        size += len(found[-1])
        if size > limits.characters:
            break
    return Text("\n\n".join(found), len(extractors))
