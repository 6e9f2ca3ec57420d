"""Rows of SQLite as pydantic models: moments and JSON columns are read, rows are inserted by the names of columns."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from failwell.contract.extras import needs

with needs("fastapi", __name__):
    from pydantic import BaseModel, BeforeValidator


def moment(seconds: float) -> str:
    """*seconds* since the epoch the way it travels: "2026-01-01T00:00:00.000Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# What was read before stays as it is: FastAPI validates a response again.
Moment = Annotated[str, BeforeValidator(lambda value: moment(value) if isinstance(value, int | float) else value)]
"""Seconds since the epoch in the row, text in the model."""

FromJson = BeforeValidator(lambda value: json.loads(value) if isinstance(value, str) else value)
"""JSON text in the row, in the model what it says: `classes: Annotated[list[str], FromJson]`."""


class RowModel(BaseModel):
    """What a row is to the outside."""

    @classmethod
    def of(cls, row: sqlite3.Row, **more: Any) -> Self:
        """The columns of *row* that the model has fields for, and *more* of them."""
        return cls.model_validate({**dict(row), **more})


def find_row(db: sqlite3.Connection, table: str, tenant: str, wanted: str) -> sqlite3.Row | None:
    """The row of *table* with the id *wanted*, if it is of *tenant*: what is another's is as good as missing."""
    statement = f"SELECT * FROM {table} WHERE tenant = ? AND id = ?"  # noqa: S608 - our own words
    row: sqlite3.Row | None = db.execute(statement, (tenant, wanted)).fetchone()
    return row


def insert(db: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row of *values*, by column. The names are parts of SQL and never come from outside."""
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()])  # noqa: S608 - our own words
