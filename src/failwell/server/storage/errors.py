"""`StoreDownError`: what a store raises when it is down."""

from __future__ import annotations

from failwell._support.exception_fields import ExceptionFields


class StoreDownError(Exception):
    """A store cannot answer now. What then happens to requests is declared by its user."""


class NotOurFileError(ExceptionFields, StoreDownError):
    """The file at *path* is no store of ours, and was left as it is. *problem* says what it is, *remedy* what to do."""

    path: str
    problem: str
    remedy: str = "Move it away"
    template = "{path!r} {problem}. {remedy}, or name another file for the store."


class NotOurTableError(ExceptionFields, StoreDownError):
    """The *table* in the database *where* has other *columns* than a store's, and was left as it is."""

    table: str
    where: str
    columns: str
    template = (
        "The table {table} in Postgres at {where} is no store of ours, or one of another release: its columns are "
        "{columns}. Move it away, or give the store another prefix."
    )
