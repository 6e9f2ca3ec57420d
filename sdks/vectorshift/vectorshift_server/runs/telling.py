"""Runs as they are told: as server-sent events while they are made, or when they have ended."""

from __future__ import annotations

import json
from collections.abc import Callable

import anyio

from failwell.server import follow, sse_event
from vectorshift_server.runs.runs import ENDED, Run, row_of, shown
from vectorshift_server.store import Store


def telling(store: Store, run_id: str) -> Callable[[], tuple[list[bytes], bool]]:
    """A look for the events of a run that were not told yet; the last one says how it ended."""
    position = 0

    def look() -> tuple[list[bytes], bool]:
        nonlocal position
        with store.reading() as db:
            row = row_of(db, run_id)
            pieces = db.execute(
                "SELECT seq, output, value FROM run_pieces WHERE run_id = ? AND seq > ? ORDER BY seq",
                (run_id, position),
            ).fetchall()
        found: list[bytes] = []
        for piece in pieces:
            position = piece["seq"]
            told = {"output_name": piece["output"], "output_value": json.loads(piece["value"]), "run_id": run_id}
            found.append(sse_event(told, "output"))
        if row is None:
            gone = {"error": "The pipeline was deleted.", "run_id": run_id, "status": "terminated"}
            return [*found, sse_event(gone, "error")], True
        if row["status"] not in ENDED:
            return found, False
        end = {"run_id": run_id, "status": row["status"]}
        if row["status"] == "completed":
            return [*found, sse_event({**end, "outputs": json.loads(row["outputs"])}, "end")], True
        return [*found, sse_event({**end, "error": row["error"]}, "error")], True

    return look


async def waited_for(store: Store, run_id: str, seconds: float) -> Run | None:
    """How a run has ended, waited for at most *seconds*; None if it goes on."""
    ended: list[Run] = []

    def look() -> tuple[list[bytes], bool]:
        with store.reading() as db:
            row = row_of(db, run_id)
        if row is None:
            ended.append(Run(task_id=run_id, status="terminated", result=None, error="The pipeline was deleted."))
        elif row["status"] in ENDED:
            ended.append(shown(row))
        return [], bool(ended)

    with anyio.move_on_after(seconds):
        async for _ in follow(look, heartbeat=seconds):
            pass
    return next(iter(ended), None)
