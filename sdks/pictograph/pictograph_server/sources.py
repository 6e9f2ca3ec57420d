"""Sources of imports: the folders and zip archives below the import root."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from failwell.server import shorten
from pictograph.exceptions import NotFoundError
from pictograph_server.archives import entries_of_archive, read_packed
from pictograph_server.entries import Entry, EntryError, Packed, SourceError, is_hidden, place_of, shown
from pictograph_server.folders import entries_of_folder, read_file
from pictograph_server.names import Directory
from pictograph_server.settings import Settings
from pictograph_server.store import Store

Provider = Literal["folder", "zip"]

_MOST_LISTED = 1000


def _check_source(text: str) -> str:
    """*text*, a path below the import root, without the slash. Raises: ValueError."""
    if text == "/":
        raise ValueError("must name a folder or an archive below the import root")
    return text.removeprefix("/")


SourceId = Annotated[Directory, AfterValidator(_check_source)]
"""A folder or an archive below the import root: "shapes", "2026/shapes.zip"."""


def import_root(store: Store, settings: Settings) -> Path:
    """The folder that imports read from."""
    return Path(settings.import_root) if settings.import_root is not None else store.folder.path / "imports"


class Sources:
    """What can be imported by one *provider*. Raises: NotFoundError, if this server has no import root."""

    def __init__(self, store: Store, settings: Settings, provider: Provider) -> None:
        root = import_root(store, settings)
        if not root.is_dir():
            raise NotFoundError(
                "This server has nothing to import: its import root does not exist. Ask its operator to make it."
            )
        self._root = root.resolve()
        self._settings = settings
        self._provider = provider

    def find(self, source: str) -> Path:
        """Where *source* is. Raises: NotFoundError, also for what lies outside of the import root."""
        path = self._root / source
        try:
            real = path.resolve(strict=True)
            there = real.is_dir() if self._provider == "folder" else real.is_file()
        except (OSError, RuntimeError, ValueError):
            real, there = path, False
        if not there or not real.is_relative_to(self._root):
            raise NotFoundError(
                f'There is no {self._provider} "{shorten(source)}" to import. Verify with `connectors.validate`.'
            )
        return real

    def entries(self, source: str) -> list[Entry]:
        """The files of *source*. Raises: NotFoundError; SourceError, if it cannot be imported at all."""
        path, settings = self.find(source), self._settings
        if self._provider == "folder":
            return entries_of_folder(path, root=self._root, most=settings.max_import_entries)
        return entries_of_archive(
            path,
            most=settings.max_import_entries,
            most_bytes=settings.max_image_bytes,
            most_ratio=settings.max_import_ratio,
        )

    def read(self, source: str, name: str, packed: Packed | None) -> bytes:
        """The content of an entry of *source*. Raises: NotFoundError, EntryError."""
        path = self.find(source)
        if packed is not None:
            return read_packed(path, packed)
        return read_file(path / name, root=self._root, most=self._settings.max_image_bytes)

    def listed(self) -> tuple[list[tuple[str, int]], list[str]]:
        """What lies directly in the import root, each with the number of its files; and what cannot be imported."""
        good: list[tuple[str, int]] = []
        bad: list[str] = []
        for path in itertools.islice(sorted(self._root.iterdir()), _MOST_LISTED):
            if is_hidden(path.name) or not self._fits(path):
                continue
            try:
                place_of(path.name)
                good.append((path.name, len(self.entries(path.name))))
            except (EntryError, NotFoundError, SourceError):
                bad.append(shown(path.name))
        return good, bad

    def _fits(self, path: Path) -> bool:
        if self._provider == "folder":
            return path.is_dir()
        return path.suffix.lower() == ".zip" and path.is_file()
