"""The tables of a Pictograph server."""

from __future__ import annotations

from failwell.server import Schema

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS credits (
    tenant TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS datasets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT,
    annotation_types TEXT NOT NULL,
    classes TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (tenant, name)
);
CREATE INDEX IF NOT EXISTS datasets_by_folded_name ON datasets (tenant, folded_name);

CREATE TABLE IF NOT EXISTS uploads (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    directory_path TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    file TEXT,
    file_size INTEGER,
    image_id TEXT
);
CREATE INDEX IF NOT EXISTS uploads_by_name ON uploads (dataset_id, directory_path, filename);
CREATE INDEX IF NOT EXISTS uploads_by_age ON uploads (expires_at);

CREATE TABLE IF NOT EXISTS images (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    directory_path TEXT NOT NULL,
    filename TEXT NOT NULL,
    file TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    content_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    annotations TEXT NOT NULL DEFAULT '[]',
    annotation_count INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    UNIQUE (dataset_id, directory_path, filename)
);

CREATE TABLE IF NOT EXISTS exports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    name TEXT NOT NULL,
    class_filter TEXT,
    image_count INTEGER NOT NULL,
    annotation_count INTEGER NOT NULL,
    crop_count INTEGER NOT NULL,
    created_at REAL NOT NULL,
    deleted_at REAL,
    UNIQUE (dataset_id, name)
);

CREATE TABLE IF NOT EXISTS export_images (
    export_id TEXT NOT NULL REFERENCES exports (id),
    position INTEGER NOT NULL,
    directory_path TEXT NOT NULL,
    filename TEXT NOT NULL,
    file TEXT NOT NULL,
    annotations TEXT NOT NULL,
    PRIMARY KEY (export_id, position)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    export_id TEXT NOT NULL REFERENCES exports (id),
    model_id TEXT,
    pipeline_type TEXT NOT NULL,
    gpu_type TEXT NOT NULL,
    config TEXT NOT NULL,
    charge INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed')),
    progress INTEGER NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    current_epoch INTEGER NOT NULL DEFAULT 0,
    total_epochs INTEGER NOT NULL,
    metrics TEXT NOT NULL DEFAULT '{}',
    error_message TEXT,
    created_at REAL NOT NULL,
    started_at REAL,
    completed_at REAL
);
CREATE INDEX IF NOT EXISTS runs_by_name ON runs (tenant, name);
CREATE INDEX IF NOT EXISTS runs_by_key ON runs (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (seq) WHERE status IN ('queued', 'running');

CREATE TABLE IF NOT EXISTS models (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id),
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    name TEXT NOT NULL,
    model_type TEXT NOT NULL,
    architecture TEXT NOT NULL,
    class_mapping TEXT NOT NULL,
    metrics TEXT NOT NULL,
    training_config TEXT NOT NULL,
    file TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS models_by_name ON models (tenant, name);

CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    idempotency_key TEXT,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    how TEXT NOT NULL,
    price INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    total_images INTEGER NOT NULL,
    processed_images INTEGER NOT NULL DEFAULT 0,
    failed_images INTEGER NOT NULL DEFAULT 0,
    annotations_added INTEGER NOT NULL DEFAULT 0,
    credits_charged INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    error_message TEXT,
    created_at REAL NOT NULL,
    started_at REAL,
    completed_at REAL
);
CREATE INDEX IF NOT EXISTS batches_by_key ON batches (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS batches_unfinished ON batches (seq) WHERE status IN ('pending', 'running');

CREATE TABLE IF NOT EXISTS batch_images (
    batch_id TEXT NOT NULL REFERENCES batches (id),
    position INTEGER NOT NULL,
    image_id TEXT NOT NULL REFERENCES images (id),
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
    annotations_added INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    error_message TEXT,
    PRIMARY KEY (batch_id, position),
    UNIQUE (batch_id, image_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS imports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    idempotency_key TEXT,
    provider TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('processing', 'completed', 'error', 'cancelled')),
    total_images INTEGER NOT NULL DEFAULT 0,
    imported_images INTEGER NOT NULL DEFAULT 0,
    failed_images INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    error_message TEXT,
    created_at REAL NOT NULL,
    started_at REAL,
    completed_at REAL
);
CREATE INDEX IF NOT EXISTS imports_by_key ON imports (tenant, idempotency_key);
CREATE INDEX IF NOT EXISTS imports_unfinished ON imports (seq) WHERE status = 'processing';

CREATE TABLE IF NOT EXISTS import_datasets (
    import_id TEXT NOT NULL REFERENCES imports (id),
    position INTEGER NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    dataset_id TEXT REFERENCES datasets (id),
    PRIMARY KEY (import_id, position)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS import_entries (
    import_id TEXT NOT NULL REFERENCES imports (id),
    position INTEGER NOT NULL,
    dataset INTEGER NOT NULL,
    entry TEXT NOT NULL,
    directory_path TEXT,
    filename TEXT,
    packed TEXT,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
    image_id TEXT REFERENCES images (id),
    error TEXT,
    error_message TEXT,
    PRIMARY KEY (import_id, position)
) WITHOUT ROWID;
"""

SCHEMA = Schema(0x50696374, _TABLES, "failwell-pictograph")  # "Pict": tells our database from another program's
