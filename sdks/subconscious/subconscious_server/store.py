"""The database of a Subconscious server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from failwell.server import DataStore, Schema

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    idempotency_key TEXT,
    asked TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled', 'timed_out')),
    result TEXT,
    usage TEXT,
    error TEXT,
    owes_callback INTEGER NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL
);
CREATE INDEX IF NOT EXISTS runs_by_key ON runs (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (seq) WHERE status IN ('queued', 'running') OR owes_callback;

CREATE TABLE IF NOT EXISTS thoughts (
    run_id TEXT NOT NULL REFERENCES runs (id),
    position INTEGER NOT NULL,
    thought TEXT NOT NULL,
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
"""

SCHEMA = Schema(0x53756263, _TABLES, "failwell-subconscious")  # "Subc": tells our database from another program's


class Store(DataStore):
    """Everything that one server keeps. *trace* is told each statement that is executed. Raises: DataFolderError."""

    def __init__(self, folder: Path | str, *, trace: Callable[[str], object] | None = None) -> None:
        super().__init__(folder, "subconscious.db", SCHEMA, trace=trace)
