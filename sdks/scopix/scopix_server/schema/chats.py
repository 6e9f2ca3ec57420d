"""The tables of chats: sessions, messages, and the pieces of answers as they were told."""

# A message of the user has no status; that of an answer is "queued" until it is told or has failed.
TABLES = """
CREATE TABLE IF NOT EXISTS chat_sessions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    idempotency_key TEXT,
    title TEXT,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_sessions_by_tenant ON chat_sessions (tenant, seq);
CREATE INDEX IF NOT EXISTS chat_sessions_by_key ON chat_sessions (tenant, idempotency_key);

CREATE TABLE IF NOT EXISTS chat_messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES chat_sessions (id) ON DELETE CASCADE,
    idempotency_key TEXT,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    status TEXT CHECK (status IN ('queued', 'completed', 'failed')),
    error TEXT,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_messages_by_session ON chat_messages (session_id, seq);
CREATE INDEX IF NOT EXISTS chat_messages_by_key ON chat_messages (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS chat_messages_unfinished ON chat_messages (seq) WHERE status = 'queued';

CREATE TABLE IF NOT EXISTS chat_deltas (
    message_id TEXT NOT NULL REFERENCES chat_messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
) WITHOUT ROWID;
"""
