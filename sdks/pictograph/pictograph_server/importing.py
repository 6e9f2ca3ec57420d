"""The steps of an import. Each may be interrupted and done again: it comes to the same.

`begin_import`, then `import_one` for each item while it says so, then `finish_import`; a PictographError that one of
them raises goes to `fail_import`. An import ends once: who cancels it, or the first of the last two.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3

from failwell.clock import WallClock
from failwell.server import error_columns
from pictograph.exceptions import CATALOGUE, ConflictError, PictographError, ValidationError
from pictograph_server.datasets import NewDataset, add_dataset
from pictograph_server.entries import Entry, EntryError, Packed, SourceError, place_of, refuse_too_many, shown
from pictograph_server.images import Place, add_image
from pictograph_server.pictures import Picture, decode
from pictograph_server.rejections import invalid_field
from pictograph_server.settings import Settings
from pictograph_server.sources import Sources
from pictograph_server.store import Store
from pictograph_server.uploads import refuse_taken

_Item = tuple[int, Entry, tuple[str, str] | PictographError]


def unfinished_imports(store: Store) -> list[str]:
    """The ids of the imports that have not ended, oldest first."""
    with store.reading() as db:
        rows = db.execute("SELECT id FROM imports WHERE status = 'processing' ORDER BY seq")
        return [str(row["id"]) for row in rows]


def begin_import(store: Store, clock: WallClock, settings: Settings, import_id: str) -> list[int]:
    """Make the datasets and list all files as items; return those still to be done, none if the import has ended.

    A file whose name no image may have is noted as failed at once. Again: the sources are listed once only, and the
    items that were done meanwhile are left out.

    Raises: NotFoundError, ValidationError, if a source cannot be imported; ConflictError, if a dataset was made
    meanwhile. Then nothing was done.
    """
    with store.reading() as db:
        row = _import(db, import_id)
        datasets = db.execute("SELECT * FROM import_datasets WHERE import_id = ?", (import_id,)).fetchall()
    if row["status"] != "processing":
        return []
    if row["started_at"] is None:
        items = _items(store, settings, row, datasets)
        with store.writing() as db:
            row = _import(db, import_id)
            if row["status"] == "processing" and row["started_at"] is None:
                _begin(db, clock, row, datasets, items)
    with store.reading() as db:
        rows = db.execute(
            "SELECT position FROM import_entries JOIN imports ON imports.id = import_id"
            " WHERE import_id = ? AND imports.status = 'processing' AND import_entries.status = 'pending'"
            " ORDER BY position",
            (import_id,),
        ).fetchall()
    return [int(row["position"]) for row in rows]


def import_one(store: Store, clock: WallClock, settings: Settings, import_id: str, item: int) -> bool:
    """Make an image of one file; return whether the import goes on.

    A file that cannot be one is noted as failed. Again: an item that is done is not read, and no image comes twice.
    """
    with store.reading() as db:
        row = _item(db, import_id, item)
    if not _is_open(row):
        return _goes_on(row)
    made = _make(store, settings, row)
    if isinstance(made, PictographError):
        with store.writing() as db:
            row = _item(db, import_id, item)
            if _is_open(row):
                _fail(db, row, made)
            return _goes_on(row)
    picture, content = made
    # Named after the item: what an interrupted step has written is replaced, and not left behind.
    file = store.folder.write(content, f"import-{import_id}-{item}")
    with store.writing() as db:
        row = _item(db, import_id, item)
        if _is_open(row):
            _add(db, clock, row, picture, file=file, file_size=len(content))
            row = _item(db, import_id, item)
    if row["status"] != "done":
        store.folder.remove(file)
    return _goes_on(row)


def finish_import(store: Store, clock: WallClock, import_id: str) -> None:
    """End an import whose items are all done as completed, or as an error if each of them failed.

    Again, and for an import that has ended or has items left: nothing happens.
    """
    with store.writing() as db:
        row = _import(db, import_id)
        left = row["total_images"] - row["imported_images"] - row["failed_images"]
        if row["started_at"] is None or left:
            return
        if row["imported_images"]:
            _end(db, clock, import_id, "completed")
            return
        first = db.execute(
            "SELECT error_message, error FROM import_entries WHERE import_id = ? ORDER BY position", (import_id,)
        ).fetchone()
        message = f"None of {row['total_images']} files could be imported. The first: {first['error_message']}"
        _end(db, clock, import_id, "error", (message, first["error"]))


def fail_import(store: Store, clock: WallClock, import_id: str, error: PictographError) -> None:
    """End an import as failed, and keep *error*. What was imported stays.

    Again, and for an import that has ended: nothing happens, the first end counts.
    """
    with store.writing() as db:
        _end(db, clock, import_id, "error", error_columns(error, CATALOGUE))


def _items(store: Store, settings: Settings, row: sqlite3.Row, datasets: list[sqlite3.Row]) -> list[_Item]:
    """Every file: of which dataset, what it is, and its place there or why it has none."""
    sources = Sources(store, settings, row["provider"])
    everything: list[Entry] = []
    items: list[_Item] = []
    for dataset in datasets:
        position = int(dataset["position"])
        try:
            entries = sources.entries(dataset["source"])
            if not entries:
                raise SourceError("It is empty. Put pictures into it")
            everything += entries
            refuse_too_many(everything, most=settings.max_import_entries, most_bytes=settings.max_import_bytes)
        except SourceError as problem:
            msg = f"{dataset['source']} cannot be imported. {problem}"
            raise invalid_field(["body", "datasets", position, "id"], msg, "source_refused") from problem
        taken: set[tuple[str, str]] = set()
        items += [(position, entry, _place(entry, taken)) for entry in entries]
    return items


def _place(entry: Entry, taken: set[tuple[str, str]]) -> tuple[str, str] | PictographError:
    """The place of *entry*, which is *taken* from now on; or why it has none."""
    try:
        if entry.problem is not None:
            raise EntryError(entry.problem)
        place = place_of(entry.name)
        if place in taken:
            raise EntryError("Another file would have the same folder and name. Rename one of them")
    except EntryError as problem:
        return _refused(problem)
    taken.add(place)
    return place


def _begin(
    db: sqlite3.Connection, clock: WallClock, row: sqlite3.Row, datasets: list[sqlite3.Row], items: list[_Item]
) -> None:
    for dataset in datasets:
        dataset_id = add_dataset(db, clock, row["tenant"], NewDataset(name=dataset["name"]))
        db.execute(
            "UPDATE import_datasets SET dataset_id = ? WHERE import_id = ? AND position = ?",
            (dataset_id, row["id"], dataset["position"]),
        )
    db.execute(
        "UPDATE imports SET total_images = ?, started_at = max(created_at, ?) WHERE id = ?",
        (len(items), clock.wall(), row["id"]),
    )
    for position, (of_dataset, entry, place) in enumerate(items):
        directory_path, filename = (None, None) if isinstance(place, PictographError) else place
        packed = json.dumps(dataclasses.asdict(entry.packed)) if entry.packed is not None else None
        db.execute(
            "INSERT INTO import_entries (import_id, position, dataset, entry, directory_path, filename, packed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row["id"], position, of_dataset, shown(entry.name), directory_path, filename, packed),
        )
        if isinstance(place, PictographError):
            _fail(db, _item(db, row["id"], position), place)


def _end(
    db: sqlite3.Connection,
    clock: WallClock,
    import_id: str,
    status: str,
    told: tuple[str | None, str | None] = (None, None),
) -> None:
    db.execute(
        "UPDATE imports SET status = ?, error_message = ?, error = ?,"
        " completed_at = max(coalesce(started_at, created_at), ?) WHERE id = ? AND status = 'processing'",
        (status, *told, clock.wall(), import_id),
    )


def _import(db: sqlite3.Connection, import_id: str) -> sqlite3.Row:
    row: sqlite3.Row = db.execute("SELECT * FROM imports WHERE id = ?", (import_id,)).fetchone()
    return row


def _item(db: sqlite3.Connection, import_id: str, item: int) -> sqlite3.Row:
    """An item, with what is needed of its import and its dataset."""
    row: sqlite3.Row = db.execute(
        "SELECT import_entries.*, tenant, provider, imports.status AS import_status, source, dataset_id"
        " FROM import_entries JOIN imports ON imports.id = import_entries.import_id"
        " JOIN import_datasets ON import_datasets.import_id = import_entries.import_id"
        " AND import_datasets.position = dataset WHERE import_entries.import_id = ? AND import_entries.position = ?",
        (import_id, item),
    ).fetchone()
    return row


def _goes_on(row: sqlite3.Row) -> bool:
    return bool(row["import_status"] == "processing")


def _is_open(row: sqlite3.Row) -> bool:
    return _goes_on(row) and row["status"] == "pending"


def _make(store: Store, settings: Settings, row: sqlite3.Row) -> tuple[Picture, bytes] | PictographError:
    """The picture that an item is, with its bytes; or why it is none."""
    name = f"{row['directory_path']}/{row['filename']}".lstrip("/")
    packed = Packed(**json.loads(row["packed"])) if row["packed"] is not None else None
    try:
        content = Sources(store, settings, row["provider"]).read(row["source"], name, packed)
        return decode(content, max_pixels=settings.max_image_pixels), content
    except EntryError as problem:
        return _refused(problem)
    except PictographError as error:
        return error


def _add(
    db: sqlite3.Connection, clock: WallClock, row: sqlite3.Row, picture: Picture, *, file: str, file_size: int
) -> None:
    """Make an image of *picture*, or note the item as failed if its place was taken meanwhile."""
    place = Place(row["dataset_id"], row["directory_path"], row["filename"])
    try:
        refuse_taken(db, place.dataset_id, place.directory_path, place.filename)
    except ConflictError as error:
        _fail(db, row, error)
        return
    image_id = add_image(db, clock, row["tenant"], place, picture, file=file, file_size=file_size)
    db.execute(
        "UPDATE import_entries SET status = 'done', image_id = ? WHERE import_id = ? AND position = ?",
        (image_id, row["import_id"], row["position"]),
    )
    db.execute("UPDATE imports SET imported_images = imported_images + 1 WHERE id = ?", (row["import_id"],))


def _fail(db: sqlite3.Connection, row: sqlite3.Row, error: PictographError) -> None:
    db.execute(
        "UPDATE import_entries SET status = 'failed', error_message = ?, error = ?"
        " WHERE import_id = ? AND position = ?",
        (*error_columns(error, CATALOGUE), row["import_id"], row["position"]),
    )
    db.execute("UPDATE imports SET failed_images = failed_images + 1 WHERE id = ?", (row["import_id"],))


def _refused(problem: EntryError) -> ValidationError:
    return invalid_field(["entry"], str(problem), "entry_refused")
