"""The database and the files of a Scopix server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from failwell.server import DataStore
from scopix_server.schema import SCHEMA


class Store(DataStore):
    """Everything that one server keeps. *trace* is told each statement that is executed. Raises: DataFolderError."""

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        super().__init__(folder, "scopix.db", SCHEMA, trace=trace)
