"""Uploads of many files: what is to be uploaded, and what became of it."""
