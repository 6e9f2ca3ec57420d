"""Contract snapshots, and which change between two of them breaks callers."""
