"""The tables, as the steps that lead to them: step N brings a database from version N to N + 1."""

from __future__ import annotations

APPLICATION_ID = 0x50696374  # "Pict": tells our database from another program's

_FIRST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE credits (tenant TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0)) WITHOUT ROWID;

CREATE TABLE datasets (
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
CREATE INDEX datasets_by_folded_name ON datasets (tenant, folded_name);

CREATE TABLE uploads (
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
CREATE INDEX uploads_by_name ON uploads (dataset_id, directory_path, filename);
CREATE INDEX uploads_by_age ON uploads (expires_at);

CREATE TABLE images (
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

CREATE TABLE exports (
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
    UNIQUE (dataset_id, name)
);

CREATE TABLE export_images (
    export_id TEXT NOT NULL REFERENCES exports (id),
    position INTEGER NOT NULL,
    filename TEXT NOT NULL,
    file TEXT NOT NULL,
    annotations TEXT NOT NULL,
    PRIMARY KEY (export_id, position)
) WITHOUT ROWID;

CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    created_by TEXT NOT NULL,
    name TEXT NOT NULL,
    dataset_id TEXT NOT NULL REFERENCES datasets (id),
    export_id TEXT NOT NULL REFERENCES exports (id),
    model_id TEXT,
    pipeline_type TEXT NOT NULL,
    gpu_type TEXT NOT NULL,
    config TEXT NOT NULL,
    charge INTEGER NOT NULL,
    owner TEXT NOT NULL,
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
CREATE INDEX runs_by_name ON runs (tenant, name);
CREATE INDEX runs_unfinished ON runs (owner) WHERE status IN ('queued', 'running');

CREATE TABLE models (
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
CREATE INDEX models_by_name ON models (tenant, name);
"""

_SECOND = """
CREATE TABLE batches (
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
CREATE INDEX batches_unfinished ON batches (seq) WHERE status IN ('pending', 'running');

CREATE TABLE batch_images (
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

CREATE TABLE imports (
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
CREATE INDEX imports_unfinished ON imports (seq) WHERE status = 'processing';

CREATE TABLE import_datasets (
    import_id TEXT NOT NULL REFERENCES imports (id),
    position INTEGER NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    dataset_id TEXT REFERENCES datasets (id),
    PRIMARY KEY (import_id, position)
) WITHOUT ROWID;

CREATE TABLE import_entries (
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

ALTER TABLE exports ADD COLUMN deleted_at REAL;

ALTER TABLE export_images ADD COLUMN directory_path TEXT NOT NULL DEFAULT '/';
UPDATE export_images SET directory_path = images.directory_path FROM images WHERE images.file = export_images.file;

ALTER TABLE runs ADD COLUMN idempotency_key TEXT;
CREATE INDEX runs_by_key ON runs (tenant, idempotency_key);
CREATE INDEX batches_by_key ON batches (tenant, idempotency_key);
CREATE INDEX imports_by_key ON imports (tenant, idempotency_key);

DROP INDEX runs_unfinished;
ALTER TABLE runs DROP COLUMN owner;
CREATE INDEX runs_unfinished ON runs (seq) WHERE status IN ('queued', 'running');
"""

STEPS: tuple[str, ...] = (_FIRST, _SECOND)
