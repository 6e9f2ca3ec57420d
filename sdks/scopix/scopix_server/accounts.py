"""Accounts: whether they are paid, and their quotas of storage and of images in a month, which fill."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from failwell.clock import WallClock
from failwell.server import Caller, KeyRefusedError
from scopix.exceptions import QuotaExceededError
from scopix_server.settings import Settings
from scopix_server.store import Store


@dataclass(frozen=True)
class Room:
    """What an account has left of its quotas, and all of them: bytes of storage, images of this month."""

    storage: int
    storage_limit: int
    images: int
    monthly_limit: int

    def check(self, *, size: int, images: int = 0) -> None:
        """Let files of *size* bytes be added, *images* of which are images.

        Raises:
            QuotaExceededError: one of the quotas is too full for that.
        """
        if images > self.images:
            message = (
                f"{self.monthly_limit - self.images:,} of the {self.monthly_limit:,} images of this month are used up. "
                "Wait for the next month, or upgrade the plan."
            )
            error = QuotaExceededError(message, available=self.images, limit=self.monthly_limit)
            raise error.with_case("USAGE_LIMIT_EXCEEDED", 429)
        if size > self.storage:
            message = (
                f"The file has {size:,} bytes, and the account has {self.storage:,} of {self.storage_limit:,} left. "
                "Delete files, or upgrade the plan."
            )
            error = QuotaExceededError(message, available=self.storage, limit=self.storage_limit)
            raise error.with_case("STORAGE_QUOTA_EXCEEDED", 413)


def room_in(db: sqlite3.Connection, clock: WallClock, settings: Settings, tenant: str) -> Room:
    """The room that *tenant* has, inside of a transaction."""
    row = db.execute("SELECT * FROM accounts WHERE tenant = ?", (tenant,)).fetchone()
    facts = {} if row is None else dict(row)
    storage_limit, monthly_limit = facts.get("storage_limit"), facts.get("monthly_limit")
    storage = settings.storage_bytes if storage_limit is None else int(storage_limit)
    monthly = settings.monthly_images if monthly_limit is None else int(monthly_limit)
    used = facts.get("images", 0) if facts.get("month") == _month(clock) else 0
    return Room(max(0, storage - facts.get("storage_used", 0)), storage, max(0, monthly - used), monthly)


def take_room(
    db: sqlite3.Connection, clock: WallClock, settings: Settings, tenant: str, *, size: int, images: int = 0
) -> None:
    """Count files of *size* bytes towards the quotas of *tenant*, inside of the transaction that adds them.

    Raises: QuotaExceededError.
    """
    room_in(db, clock, settings, tenant).check(size=size, images=images)
    month = _month(clock)
    db.execute("INSERT OR IGNORE INTO accounts (tenant) VALUES (?)", (tenant,))
    db.execute(
        "UPDATE accounts SET storage_used = storage_used + ?, images = CASE WHEN month = ? THEN images ELSE 0 END + ?,"
        " month = ? WHERE tenant = ?",
        (size, month, images, month, tenant),
    )


def give_room_back(db: sqlite3.Connection, tenant: str, size: int) -> None:
    """Free the storage of what is deleted, inside of the transaction that does it. Images of the month stay counted."""
    db.execute("UPDATE accounts SET storage_used = storage_used - ? WHERE tenant = ?", (size, tenant))


def set_account(
    store: Store,
    tenant: str,
    *,
    storage_limit: int | None = None,
    monthly_limit: int | None = None,
    past_due: bool = False,
    anew: bool = True,
) -> None:
    """Decide what *tenant* may use, and whether it has paid. What it has used stays counted.

    Without *anew*, only for an account that is not there yet.
    """
    facts = (tenant, storage_limit, monthly_limit, past_due)
    known = (
        "DO UPDATE SET storage_limit = excluded.storage_limit, monthly_limit = excluded.monthly_limit,"
        " past_due = excluded.past_due"
    )
    with store.writing() as db:
        db.execute(
            "INSERT INTO accounts (tenant, storage_limit, monthly_limit, past_due) VALUES (?, ?, ?, ?)"  # noqa: S608 - our own words
            f" ON CONFLICT (tenant) {known if anew else 'DO NOTHING'}",
            facts,
        )


def payment_check(store: Store) -> Callable[[Caller], None]:
    """The check of a `KeyStore` that keeps out whose payment is past due."""

    def check(caller: Caller) -> None:
        with store.reading() as db:
            row = db.execute("SELECT past_due FROM accounts WHERE tenant = ?", (caller.tenant,)).fetchone()
        if row is not None and row["past_due"]:
            message = "The subscription of this account is past due. Pay it in the dashboard; nothing was deleted."
            raise KeyRefusedError(message, status=402)

    return check


def _month(clock: WallClock) -> str:
    return datetime.fromtimestamp(clock.wall(), UTC).strftime("%Y-%m")
