"""Descriptions: made by the vision provider, as a job after an upload or while somebody waits."""

from __future__ import annotations

from typing import NoReturn

from failwell.server import Step
from scopix.exceptions import DescriptionError, ScopixTimeoutError, ServerError
from scopix_server.engine.pictures import BrokenPictureError
from scopix_server.engine.provider import ProviderDownError, ProviderSlowError, VisionProvider, describe_within
from scopix_server.files.files import File, Problem, find_file
from scopix_server.settings import Settings
from scopix_server.store import Store

_CODES: dict[type[Exception], str] = {
    BrokenPictureError: "IMAGE_PROCESSING_ERROR",
    ProviderDownError: "VLM_PROVIDER_ERROR",
    ProviderSlowError: "TIMEOUT",
}
"""The code that tells of each failure, in an answer as in a file."""


MOST_WAITING = 200
"""Descriptions that the worker is told of before they have begun: of 10,000 it need not know all to do the next."""


def unfinished_descriptions(store: Store) -> list[str]:
    """The ids of the files that are being described, and of those whose turn is next, oldest first."""
    of_those = "SELECT id FROM files WHERE description_status IN ('pending', 'running') AND description_status = "
    with store.reading() as db:
        rows = db.execute(f"{of_those} 'running' ORDER BY seq").fetchall()
        rows += db.execute(f"{of_those} 'pending' ORDER BY seq LIMIT ?", (MOST_WAITING,)).fetchall()
    return [str(row["id"]) for row in rows]


class Describing:
    """Lets *provider* describe the pictures in *store*."""

    def __init__(self, store: Store, settings: Settings, provider: VisionProvider) -> None:
        self._store = store
        self._seconds = settings.description_seconds
        self._provider = provider

    def run(self, step: Step, file_id: str) -> None:
        """Describe the picture; how that went stands in its row."""
        step(self.describe_pending, file_id)

    def describe_pending(self, file_id: str) -> None:
        """Describe the picture if nobody has meanwhile, and if it is still there."""
        with self._store.writing() as db:
            row = db.execute(
                "UPDATE files SET description_status = 'running' WHERE id = ?"
                " AND description_status IN ('pending', 'running') RETURNING file, filename",
                (file_id,),
            ).fetchone()
        if row is not None:
            self._describe(file_id, row["file"], row["filename"])

    def give_up(self, file_id: str, reason: str) -> None:
        """Fail a description that cannot be made; one that has ended stays as it is."""
        message = f"The description was given up: {reason}. Ask for it again."
        self._fail(file_id, Problem(code="INTERNAL_ERROR", message=message))

    def describe_now(self, tenant: str, file_id: str) -> File:
        """The file with a new description.

        Raises: ResourceNotFoundError, ServerError, ScopixTimeoutError, DescriptionError.
        """
        with self._store.reading() as db:
            row = find_file(db, tenant, file_id)
        if row["kind"] != "image":
            message = f"The file is a {row['kind']}: only images are described."
            error = DescriptionError(message, image_id=row["id"], status="failed")
            raise error.with_case("IMAGE_PROCESSING_ERROR", 422)
        problem = self._describe(file_id, row["file"], row["filename"])
        with self._store.reading() as db:
            row = find_file(db, tenant, file_id)
        if problem is not None:
            _refuse(problem, file_id)
        return File.of(row)

    def _describe(self, file_id: str, file: str, filename: str) -> Problem | None:
        """Describe the picture, and keep what was said of it; what went wrong, if anything did."""
        try:
            content = self._store.folder.read(file)
            said = describe_within(self._provider, content, filename, self._seconds)
        except FileNotFoundError:  # it was deleted in between, or the folder is not as the server left it
            return self._fail(
                file_id, Problem(code="IMAGE_PROCESSING_ERROR", message="The image has no bytes any more.")
            )
        except tuple(_CODES) as problem:
            return self._fail(file_id, Problem(code=_CODES[type(problem)], message=str(problem)))
        with self._store.writing() as db:
            db.execute(
                "UPDATE files SET description = ?, description_status = 'completed', description_error = NULL"
                " WHERE id = ?",
                (said, file_id),
            )
        return None

    def _fail(self, file_id: str, problem: Problem) -> Problem:
        # A picture that has a description keeps it.
        with self._store.writing() as db:
            db.execute(
                "UPDATE files SET description_status = 'failed', description_error = ?"
                " WHERE id = ? AND description_status IS NOT 'completed'",
                (problem.model_dump_json(), file_id),
            )
        return problem


def _refuse(problem: Problem, file_id: str) -> NoReturn:
    if problem.code == "VLM_PROVIDER_ERROR":
        raise ServerError(problem.message).with_case(problem.code, 503)
    if problem.code == "TIMEOUT":
        raise ScopixTimeoutError(problem.message).with_case(problem.code, 504)
    raise DescriptionError(problem.message, image_id=file_id, status="failed").with_case(problem.code, 422)
