"""`StoreDownError`: what a store raises when it is down."""

from __future__ import annotations


class StoreDownError(Exception):
    """A store cannot answer now. What then happens to requests is declared by its user."""


class NotOurFileError(StoreDownError):
    """The file at *path* is no store of ours, and was left as it is. *problem* says what it is, *remedy* what to do."""

    def __init__(self, path: str, problem: str, remedy: str = "Move it away") -> None:
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        return f"{self.path!r} {self.problem}. {self.remedy}, or name another file for the store."
