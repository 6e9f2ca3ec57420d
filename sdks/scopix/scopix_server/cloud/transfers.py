"""The steps of imports and exports. Each may be interrupted and done again: it comes to the same.

`begin` counts the items, then each is transferred while the job goes on. An item is noted in the job's result by the
transaction that adds its file, so none comes twice. The first item that fails ends the job; what was done stays.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import PurePath

from failwell.clock import WallClock
from failwell.server import Step
from scopix.exceptions import QuotaExceededError
from scopix_server.cloud.connections import bucket_of
from scopix_server.documents.documents import add_document
from scopix_server.engine.buckets import Bucket, BucketError
from scopix_server.engine.pictures import BrokenPictureError, Picture, decode
from scopix_server.engine.texts import is_document
from scopix_server.files.adding import Adding, Received
from scopix_server.jobs import begin_job, complete_job, fail_job, row_in
from scopix_server.settings import Settings
from scopix_server.store import Store

_PICTURES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class Transferring:
    """Does the imports and exports in *store*."""

    def __init__(self, store: Store, clock: WallClock, settings: Settings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def run(self, step: Step, job_id: str) -> None:
        """Transfer item by item."""
        for number in range(step(self.begin, job_id)):
            if not step(self.transfer, job_id, number):
                return
        step(complete_job, self._store, job_id)

    def begin(self, job_id: str) -> int:
        """How many items there are; of a job that has ended, or cannot begin, none."""
        asked = begin_job(self._store, job_id)
        if asked is None:
            return 0
        try:
            bucket = bucket_of(self._store, self._settings, asked["bucket"])
            skipped = 0
            if "items" not in asked:
                found = [one.key for one in bucket.objects(asked["prefix"])]
                asked["items"] = [key for key in found if is_document(key) or _suffix(key) in _PICTURES]
                skipped = len(found) - len(asked["items"])
        except BucketError as problem:
            fail_job(self._store, job_id, problem.code, problem.message)
            return 0
        result = {"total": len(asked["items"]), "done": [], "skipped": skipped}
        with self._store.writing() as db:
            db.execute(
                "UPDATE jobs SET asked = ?, result = coalesce(result, ?) WHERE id = ?",
                (json.dumps(asked), json.dumps(result), job_id),
            )
        return len(asked["items"])

    def transfer(self, job_id: str, number: int) -> bool:
        """Transfer the item of that *number*; whether the job goes on."""
        with self._store.reading() as db:
            row = row_in(db, job_id)
        if not _is_open(row, number):
            return bool(row["status"] == "running")
        asked = json.loads(row["asked"])
        try:
            bucket = bucket_of(self._store, self._settings, asked["bucket"])
            if row["kind"] == "export":
                self._export(bucket, row, number, *asked["items"][number])
            else:
                self._import(bucket, row, number, asked["items"][number])
        except BucketError as problem:
            fail_job(self._store, job_id, problem.code, problem.message)
            return False
        except BrokenPictureError as problem:
            message = f'The object "{asked["items"][number]}" is broken. {problem}'
            fail_job(self._store, job_id, "IMAGE_PROCESSING_ERROR", message)
            return False
        except QuotaExceededError as problem:
            fail_job(self._store, job_id, problem.case.code or problem.code, problem.message)
            return False
        return True

    def give_up(self, job_id: str, reason: str) -> None:
        """Fail a job that cannot be done; one that has ended stays as it is."""
        fail_job(self._store, job_id, "SERVER_ERROR", f"The job was given up: {reason}. What was done stays.")

    def _export(self, bucket: Bucket, row: sqlite3.Row, number: int, file_id: str, key: str) -> None:
        with self._store.reading() as db:
            file = db.execute("SELECT file FROM files WHERE id = ?", (file_id,)).fetchone()
        path = self._store.folder.files / (file["file"] if file is not None else file_id)
        if not path.is_file():
            raise BucketError("FILE_NOT_FOUND", f"The file {file_id} was deleted before it could be exported.")
        bucket.write(key, path)
        with self._store.writing() as db:
            if _is_open(row_in(db, row["id"]), number):
                _note(db, row["id"], key)

    def _import(self, bucket: Bucket, row: sqlite3.Row, number: int, key: str) -> None:
        received = self._received(bucket, key)
        kept = new = False
        try:
            picture = None if is_document(key) else self._decoded(received)
            with self._store.writing() as db:
                if _is_open(row_in(db, row["id"]), number):
                    adding = Adding(db, self._clock, self._settings, row["tenant"])
                    # The same bytes twice are one file: what is imported again is there already.
                    known = adding.duplicate(received.sha256)
                    new = known is None
                    _note(db, row["id"], _added(adding, received, picture) if known is None else known["id"])
            kept = new
        finally:
            if not kept:
                self._store.folder.remove(received.file)

    def _received(self, bucket: Bucket, key: str) -> Received:
        if not is_document(key) and _suffix(key) not in _PICTURES:
            raise BucketError("UNSUPPORTED_OBJECT", f'The object "{key}" is neither a picture nor a document.')
        digest, size = hashlib.sha256(), 0
        with self._store.folder.new_file() as (name, file):
            for piece in bucket.read(key, self._settings.max_file_bytes):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        if not size:
            self._store.folder.remove(name)
            raise BucketError("EMPTY_OBJECT", f'The object "{key}" is empty.')
        return Received(PurePath(key).name, name, size, digest.hexdigest())

    def _decoded(self, received: Received) -> Picture:
        return decode(self._store.folder.read(received.file), max_pixels=self._settings.max_image_pixels)


def _added(adding: Adding, received: Received, picture: Picture | None) -> str:
    if picture is None:
        return add_document(adding, received)
    return adding.image(received, picture, describe=True)


def _is_open(row: sqlite3.Row, number: int) -> bool:
    """Whether the item of that *number* is still to be done."""
    return row["status"] == "running" and len(json.loads(row["result"])["done"]) == number


def _note(db: sqlite3.Connection, job_id: str, done: str) -> None:
    db.execute("UPDATE jobs SET result = json_insert(result, '$.done[#]', ?) WHERE id = ?", (done, job_id))


def _suffix(key: str) -> str:
    return PurePath(key).suffix.lower()
