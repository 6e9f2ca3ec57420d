"""Pipelines as rows: made, saved, and what of them travels."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from pydantic import BaseModel

from failwell.clock import WallClock
from failwell.server import Submission
from vectorshift_server.access import User
from vectorshift_server.objects import Name, find, make, new_id
from vectorshift_server.pipelines import graph
from vectorshift_server.pipelines.graph import Node
from vectorshift_server.store import Store


class SavedPipeline(BaseModel):
    """The body that saves a pipeline. What goes in and comes out is found in its nodes."""

    nodes: dict[str, Node] = {}


class NewPipeline(SavedPipeline):
    """The body that makes a pipeline."""

    name: Name


def create(store: Store, clock: WallClock, user: User, new: NewPipeline, key: Submission | None) -> str:
    """The id of a new pipeline, or of that which *key* has made.

    Raises: PermissionDeniedError, BadRequestError, UnprocessableEntityError.
    """
    user.check("write")
    graph.check(new.nodes)
    with store.writing() as db:
        pipeline_id, _ = make(
            db,
            "pipelines",
            "pl",
            user,
            key,
            clock=clock,
            name=new.name,
            branch=new_id("br"),
            nodes=graph.as_text(new.nodes),
        )
    return pipeline_id


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A pipeline as it travels."""
    return {"_id": row["id"], "name": row["name"], "nodes": json.loads(row["nodes"]), "mainBranch": row["branch"]}


def save(store: Store, user: User, pipeline_id: str, saved: SavedPipeline) -> None:
    """Give a pipeline other nodes; runs that have begun keep theirs.

    Raises: NotFoundError, PermissionDeniedError, BadRequestError, UnprocessableEntityError.
    """
    with store.writing() as db:
        user.check_change(find(db, "pipelines", user.organisation, pipeline_id), "pipeline")
        graph.check(saved.nodes)
        db.execute("UPDATE pipelines SET nodes = ? WHERE id = ?", (graph.as_text(saved.nodes), pipeline_id))
