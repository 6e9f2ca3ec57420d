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
