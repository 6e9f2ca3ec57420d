"""The tables of documents: how far each is processed, and its text in passages."""

# A document is a row of *files*, too; there its status is "processing" until it is "ready" or "failed".
TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    file_id TEXT PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    error TEXT,
    pages INTEGER,
    characters INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_unfinished ON documents (file_id) WHERE status IN ('queued', 'processing');

CREATE TABLE IF NOT EXISTS passages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL REFERENCES documents (file_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (document_id, position)
);
"""

INDEX = (
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS passage_index USING fts5"
        " (text, content = 'passages', content_rowid = 'seq', tokenize = 'porter unicode61')"
    ),
    (
        "CREATE TRIGGER IF NOT EXISTS passages_indexed AFTER INSERT ON passages BEGIN"
        " INSERT INTO passage_index (rowid, text) VALUES (new.seq, new.text); END"
    ),
    (
        "CREATE TRIGGER IF NOT EXISTS passages_forgotten AFTER DELETE ON passages BEGIN"
        " INSERT INTO passage_index (passage_index, rowid, text) VALUES ('delete', old.seq, old.text); END"
    ),
)
"""The index of passages, where SQLite has FTS5."""
