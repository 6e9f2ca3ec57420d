"""The tables of jobs that are asked for by name, and of the connections that some of them use."""

# *about* is what a job is about: a video, or a connection.
TABLES = """
CREATE TABLE IF NOT EXISTS connections (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    idempotency_key TEXT,
    provider TEXT NOT NULL,
    bucket TEXT NOT NULL,
    prefix TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS connections_by_tenant ON connections (tenant, seq);
CREATE INDEX IF NOT EXISTS connections_by_key ON connections (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    idempotency_key TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('analysis', 'import', 'export', 's3')),
    about TEXT NOT NULL,
    asked TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'canceled')),
    result TEXT,
    error TEXT,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_kind ON jobs (tenant, kind, seq);
CREATE INDEX IF NOT EXISTS jobs_by_key ON jobs (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS jobs_unfinished ON jobs (seq) WHERE status IN ('queued', 'running');
"""
