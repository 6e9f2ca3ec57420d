"""What a store raises when it is down."""

from __future__ import annotations


class StoreDownError(Exception):
    """A store cannot answer now. What then happens to requests is declared by its user."""
