"""What pipelines, agents and knowledge bases have in common: found by id or name, listed, deleted."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, Field

from failwell.clock import WallClock
from failwell.server import Submission, find_row, find_submission, insert, rows_of_page, shorten
from vectorshift.exceptions import BadRequestError, KbNotFound, NotFoundError
from vectorshift_server.access import User
from vectorshift_server.store import Store

Table = Literal["pipelines", "agents", "knowledge_bases", "sessions", "runs", "files", "ingestions"]

_NOUNS: dict[Table, str] = {
    "pipelines": "pipeline",
    "agents": "agent",
    "knowledge_bases": "knowledge base",
    "sessions": "session",
    "runs": "run",
    "files": "file",
    "ingestions": "ingestion",
}


def _check(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Name = Annotated[str, Field(max_length=200), AfterValidator(_check)]
"""What an object is called. Several may have one name: the newest is found by it."""


class Done(BaseModel):
    """That what was asked for is done."""

    status: Literal["success"] = "success"


class ObjectReply(BaseModel):
    """One object."""

    object: dict[str, Any]


class ObjectsReply(BaseModel):
    """Several objects, and their ids."""

    objects: list[dict[str, Any]]
    object_ids: list[str]


class Made(BaseModel):
    """The id of what was made."""

    id: str
    status: Literal["success"] = "success"


def new_id(kind: str) -> str:
    """A fresh id of a *kind*: "pl_...", "ag_..."."""
    return f"{kind}_{uuid.uuid4().hex}"


def make(
    db: sqlite3.Connection,
    table: Table,
    prefix: str,
    user: User,
    key: Submission | None,
    *,
    clock: WallClock,
    **columns: object,
) -> tuple[str, bool]:
    """The id of a new object of *user*, or of that which *key* has made; and whether it is new."""
    known = find_submission(db, table, clock, user.organisation, key)
    if known is not None:
        return known, False
    made = new_id(prefix)
    owned = {"tenant": user.organisation, "owner": user.name, "idempotency_key": key}
    insert(db, table, id=made, **owned, created_at=clock.wall(), **columns)
    return made, True


def find(db: sqlite3.Connection, table: Table, organisation: str, wanted: str) -> sqlite3.Row:
    """The row of *table* with the id *wanted*. What belongs to others is as good as missing. Raises: NotFoundError."""
    row = find_row(db, table, organisation, wanted)
    return missing(table, wanted) if row is None else row


def find_either(
    db: sqlite3.Connection,
    table: Table,
    organisation: str,
    *,
    id: str | None,  # noqa: A002 - what the API calls it
    name: str | None,
) -> sqlite3.Row:
    """The row with that *id*, or else the newest with that *name*. Raises: NotFoundError, BadRequestError."""
    if id:
        return find(db, table, organisation, id)
    if not name:
        raise BadRequestError(f"A {_NOUNS[table]} is fetched by its id or its name, and neither was sent.")
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM {table} WHERE tenant = ? AND name = ? ORDER BY seq DESC LIMIT 1",  # noqa: S608 - our own words
        (organisation, name),
    ).fetchone()
    return missing(table, name) if row is None else row


def missing(table: Table, wanted: str) -> NoReturn:
    """Raise the 404 for what is not there, or another's."""
    kind = KbNotFound if table == "knowledge_bases" else NotFoundError
    raise kind(f'There is no {_NOUNS[table]} "{shorten(wanted)}" in your organisation.')


def listed(
    store: Store,
    table: Table,
    organisation: str,
    shown: Callable[[sqlite3.Row], dict[str, Any]],
    *,
    limit: int,
    offset: int,
) -> ObjectsReply:
    """One page of the objects of an *organisation*, newest first, as *shown* has them."""
    rows, _ = rows_of_page(store, table, "tenant = ?", [organisation], limit=limit, offset=offset)
    return ObjectsReply(objects=[shown(row) for row in rows], object_ids=[row["id"] for row in rows])


def delete(db: sqlite3.Connection, table: Table, user: User, wanted: str) -> None:
    """Delete an object, with all that it has. Raises: NotFoundError, PermissionDeniedError."""
    user.check_change(find(db, table, user.organisation, wanted), _NOUNS[table])
    db.execute(f"DELETE FROM {table} WHERE id = ?", (wanted,))  # noqa: S608 - our own words
