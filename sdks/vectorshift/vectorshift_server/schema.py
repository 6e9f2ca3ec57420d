"""The tables of a VectorShift server."""

from __future__ import annotations

from failwell.server import Schema

# *tenant* is the organisation, *owner* the user who made it. An answer is a message whose status says how far it is;
# *told* is whether somebody heard it to its end. The index of a knowledge base is a table of its own, made with it.
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pipelines (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    branch TEXT NOT NULL,
    nodes TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS pipelines_by_tenant ON pipelines (tenant, seq);
CREATE INDEX IF NOT EXISTS pipelines_by_name ON pipelines (tenant, name, seq);
CREATE INDEX IF NOT EXISTS pipelines_by_key ON pipelines (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    idempotency_key TEXT,
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    nodes TEXT NOT NULL,
    inputs TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'terminated')),
    outputs TEXT,
    error TEXT,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_key ON runs (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS runs_by_pipeline ON runs (pipeline_id);
CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (seq) WHERE status IN ('pending', 'running');

CREATE TABLE IF NOT EXISTS run_pieces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    output TEXT NOT NULL,
    position INTEGER NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (run_id, output, position)
);

CREATE TABLE IF NOT EXISTS agents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    branch TEXT NOT NULL,
    kind TEXT NOT NULL,
    instructions TEXT NOT NULL,
    knowledge_bases TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS agents_by_tenant ON agents (tenant, seq);
CREATE INDEX IF NOT EXISTS agents_by_name ON agents (tenant, name, seq);
CREATE INDEX IF NOT EXISTS agents_by_key ON agents (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS knowledge_bases (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS knowledge_bases_by_tenant ON knowledge_bases (tenant, seq);
CREATE INDEX IF NOT EXISTS knowledge_bases_by_name ON knowledge_bases (tenant, name, seq);
CREATE INDEX IF NOT EXISTS knowledge_bases_by_key ON knowledge_bases (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    file TEXT,
    made INTEGER NOT NULL DEFAULT 0,
    expires_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS files_to_forget ON files (expires_at) WHERE NOT made;

CREATE TABLE IF NOT EXISTS ingestions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    idempotency_key TEXT,
    base_id TEXT NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    file_id TEXT NOT NULL REFERENCES files (id),
    item_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    error TEXT,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS ingestions_by_base ON ingestions (base_id);
CREATE INDEX IF NOT EXISTS ingestions_by_key ON ingestions (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS ingestions_unfinished ON ingestions (seq) WHERE status IN ('pending', 'processing');

CREATE TABLE IF NOT EXISTS sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_by_agent ON sessions (agent_id);

CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'agent')),
    content TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'completed', 'failed')),
    told INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_session ON messages (session_id, seq);
CREATE INDEX IF NOT EXISTS messages_unfinished ON messages (seq) WHERE status = 'queued';

CREATE TABLE IF NOT EXISTS deltas (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
) WITHOUT ROWID;
"""

SCHEMA = Schema(0x56536674, _TABLES, "failwell-vectorshift")  # "VSft": tells our database from another program's
