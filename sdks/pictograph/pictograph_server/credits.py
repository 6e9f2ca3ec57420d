"""Credits: what a tenant has, and what is taken and given back."""

from __future__ import annotations

import sqlite3

from pictograph_server.store import Store


def credit_balance(store: Store, tenant: str) -> int:
    """Credits that *tenant* has left; 0 for a tenant that never had any."""
    with store.reading() as db:
        return balance_in(db, tenant)


def set_credits(store: Store, tenant: str, credits_left: int) -> None:
    """Leave *tenant* with exactly *credits_left*."""
    with store.writing() as db:
        db.execute("INSERT OR REPLACE INTO credits VALUES (?, ?)", (tenant, credits_left))


def add_credits(store: Store, tenant: str, credits_added: int) -> None:
    """Top up *tenant* by *credits_added*."""
    with store.writing() as db:
        change_in(db, tenant, credits_added)


def balance_in(db: sqlite3.Connection, tenant: str) -> int:
    """Like `credit_balance`, inside of a transaction."""
    row = db.execute("SELECT balance FROM credits WHERE tenant = ?", (tenant,)).fetchone()
    return int(row["balance"]) if row is not None else 0


def change_in(db: sqlite3.Connection, tenant: str, change: int) -> None:
    """Add *change* inside of a transaction. The table refuses a balance below zero: sqlite3.IntegrityError."""
    db.execute("INSERT OR IGNORE INTO credits VALUES (?, 0)", (tenant,))
    db.execute("UPDATE credits SET balance = balance + ? WHERE tenant = ?", (change, tenant))
