"""The tables of files, images and documents alike, and of how they came here."""

# A file's *file* is its name in the data folder. *deletions* remembers the idempotency keys of what is gone.
TABLES = """
CREATE TABLE IF NOT EXISTS upload_sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    idempotency_key TEXT,
    describe INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS upload_sessions_by_key ON upload_sessions (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    idempotency_key TEXT,
    session_id TEXT REFERENCES upload_sessions (id),
    kind TEXT NOT NULL CHECK (kind IN ('image', 'document')),
    filename TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ready' CHECK (status IN ('ready', 'processing', 'failed')),
    description TEXT,
    description_status TEXT CHECK (description_status IN ('pending', 'running', 'completed', 'failed')),
    description_error TEXT,
    created_at REAL NOT NULL,
    UNIQUE (tenant, sha256)
);
CREATE INDEX IF NOT EXISTS files_by_tenant ON files (tenant, seq);
CREATE INDEX IF NOT EXISTS files_by_kind ON files (tenant, kind, seq);
CREATE INDEX IF NOT EXISTS files_by_key ON files (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS files_by_session ON files (session_id, seq);
CREATE INDEX IF NOT EXISTS files_to_describe ON files (description_status, seq)
    WHERE description_status IN ('pending', 'running');

CREATE TABLE IF NOT EXISTS deletions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS deletions_by_key ON deletions (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS deletions_by_age ON deletions (created_at);
"""
