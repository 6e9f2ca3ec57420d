"""SQLite and the data folder."""
