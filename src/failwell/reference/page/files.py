"""Reference pages as files: written to a folder, or checked for being stale."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.reference.errors import StalePagesError
from failwell.reference.page.collect import page_of
from failwell.reference.page.completeness import require_documented
from failwell.reference.page.markdown import markdown

MARK = "<!-- Written by `failwell reference` from "
"""What only our own pages have: a file without it is nobody's to remove."""


def text_of(catalogue: Catalogue) -> str:
    """The page of *catalogue*.

    Raises:
        UndocumentedError: a code, status or class has no cause or no fix.
    """
    page = page_of(catalogue)
    require_documented(page)
    return markdown(page)


def write_pages(catalogues: Iterable[Catalogue], folder: Path) -> list[Path]:
    """Write the page of each of *catalogues* into *folder*, and remove those of catalogues that are gone.

    Raises:
        UndocumentedError: a code, status or class has no cause or no fix; nothing is written then.
        OSError: a file cannot be written.
    """
    texts = {f"{catalogue.name}.md": text_of(catalogue) for catalogue in catalogues}
    folder.mkdir(parents=True, exist_ok=True)
    for name in _left(folder, texts):
        (folder / name).unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


def check_pages(catalogues: Iterable[Catalogue], folder: Path, *, remedy: str | None = None) -> None:
    """Refuse a *folder* whose pages are not those that `write_pages` would write; *remedy* is the command that does.

    Raises:
        UndocumentedError: a code, status or class has no cause or no fix.
        StalePagesError: a page is missing, says something else, or is of a catalogue that is gone.
    """
    texts = {f"{catalogue.name}.md": text_of(catalogue) for catalogue in catalogues}
    missing = tuple(name for name in texts if not (folder / name).is_file())
    stale = tuple(name for name, text in texts.items() if name not in missing and _read(folder / name) != text.encode())
    left = _left(folder, texts)
    if missing or stale or left:
        raise StalePagesError(str(folder), missing, stale, left, remedy or f"failwell reference --out {folder}")


def _read(path: Path) -> bytes:
    # A checkout may have made "\r\n" of the ends of lines; that changes nothing on the page.
    return path.read_bytes().replace(b"\r\n", b"\n")


def _left(folder: Path, texts: dict[str, str]) -> tuple[str, ...]:
    """The pages in *folder* that we wrote, of catalogues that are not among *texts*."""
    found = sorted(folder.glob("*.md")) if folder.is_dir() else []
    return tuple(path.name for path in found if path.name not in texts and MARK.encode() in _read(path))
