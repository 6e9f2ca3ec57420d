"""The tables of videos, and of the chunks that have arrived."""

TABLES = """
CREATE TABLE IF NOT EXISTS videos (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    chunk_size INTEGER NOT NULL,
    file TEXT,
    created_at REAL NOT NULL,
    UNIQUE (tenant, sha256)
);

CREATE TABLE IF NOT EXISTS video_chunks (
    media_id TEXT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file TEXT NOT NULL,
    PRIMARY KEY (media_id, position)
) WITHOUT ROWID;
"""
