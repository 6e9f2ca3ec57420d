"""The store in which sandboxed servers keep idempotency keys, by its URL."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from failwell.clock import Clock
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.sandbox.errors import SandboxError
from failwell.server import SqliteStore, Store, StoreDownError

STORE: ContextVar[str] = ContextVar("failwell_store", default="")
"""The URL of the store in which idempotency keys are kept; "" for the data folder."""


ADDRESSES = "Give one such as redis://127.0.0.1:6379/0 or postgresql://user:password@127.0.0.1:5432/database"


@contextmanager
def kept_in(store: str) -> Generator[None]:
    """Servers that are assembled in this block keep idempotency keys in the *store* of that URL."""
    token = STORE.set(store)
    try:
        yield
    finally:
        STORE.reset(token)


class ClosableStore(Store, Protocol):
    """A store that is closed with its server."""

    def close(self) -> None:
        """Close what is open."""
        ...


def open_store(folder: Path, clock: Clock, catalogue: Catalogue) -> ClosableStore:
    """The store for idempotency keys; of those that share one, each vendor has its own names in it.

    Raises:
        SandboxError: there is none at the URL.
    """
    url = STORE.get()
    if not url:
        return SqliteStore(folder / "idempotency.sqlite", clock=clock)
    scheme = url.partition(":")[0]
    # Each wants an extra of its own, which a sandbox on its folder does without.
    try:
        if scheme in {"redis", "rediss", "unix"}:
            from failwell.server import RedisStore

            return RedisStore(url, prefix=f"failwell:{catalogue.name}")
        if scheme in {"postgres", "postgresql"}:
            from failwell.server import PostgresStore

            return PostgresStore(url, prefix=f"failwell_{catalogue.name}")
    except StoreDownError as problem:
        raise SandboxError(str(problem)) from problem
    except ValueError as problem:
        # The URL may hold a password, and what is said of it may quote it.
        raise SandboxError(f"The {scheme}: URL of the store cannot be read. {ADDRESSES}") from problem
    raise SandboxError(f'No store is known for "{scheme}:". {ADDRESSES}')
