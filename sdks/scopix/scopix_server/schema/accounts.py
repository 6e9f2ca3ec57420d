"""The table of accounts: what a tenant may use, and what it has used."""

# A limit that is NULL is the one of the settings. *month* is the one that *images* were counted in: "2026-01".
TABLES = """
CREATE TABLE IF NOT EXISTS accounts (
    tenant TEXT PRIMARY KEY,
    storage_limit INTEGER,
    storage_used INTEGER NOT NULL DEFAULT 0 CHECK (storage_used >= 0),
    monthly_limit INTEGER,
    month TEXT NOT NULL DEFAULT '',
    images INTEGER NOT NULL DEFAULT 0,
    past_due INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""
