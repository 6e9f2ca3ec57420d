"""Analyses of videos: jobs that the analyser does."""

from __future__ import annotations

import sqlite3
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from failwell.clock import WallClock
from failwell.server import Caller, Step, Submission
from scopix.exceptions import ScopixError
from scopix_server.engine.videos import Analyser, AnalysisError, analyse_within
from scopix_server.jobs import Job, add_job, begin_job, complete_job, fail_job, find_job
from scopix_server.settings import Settings
from scopix_server.store import Store
from scopix_server.videos.uploads import find_video


class Retry(BaseModel):
    """The body that repeats an analysis."""

    model_config = ConfigDict(extra="forbid")

    media_id: Annotated[str, Field(min_length=1)]


class Analysis(Job):
    """An analysis as it travels."""

    media_id: str


def start_analysis(store: Store, clock: WallClock, caller: Caller, media_id: str, key: Submission | None) -> Analysis:
    """Accept an analysis of a video that is there. Raises: ResourceNotFoundError; ScopixError, if it is incomplete."""
    with store.writing() as db:
        video = find_video(db, caller.tenant, media_id)
        if video["file"] is None:
            raise ScopixError("CONFLICT", f"The video {media_id} is not uploaded to its end. Complete it first.")
        asked = {"file": video["file"]}
        return shown(add_job(db, clock, caller, kind="analysis", about=media_id, asked=asked, key=key))


def get_analysis(store: Store, tenant: str, job_id: str) -> Analysis:
    """The analysis of that id. Raises: ResourceNotFoundError."""
    with store.reading() as db:
        return shown(find_job(db, tenant, job_id, ["analysis"]))


def retry_analysis(
    store: Store, clock: WallClock, caller: Caller, *, job_id: str, media_id: str, key: Submission | None
) -> Analysis:
    """Accept an analysis once more, as a new job.

    Raises: ResourceNotFoundError, also if the job is about another video; ScopixError, if it has not ended.
    """
    with store.writing() as db:
        job = find_job(db, caller.tenant, job_id, ["analysis"])
        video = find_video(db, caller.tenant, media_id if media_id == job["about"] else "")
        if job["status"] in {"queued", "running"}:
            raise ScopixError("CONFLICT", f"The job {job_id} is still {job['status']}. Wait for its end.")
        asked = {"file": video["file"]}
        return shown(add_job(db, clock, caller, kind="analysis", about=media_id, asked=asked, key=key))


def shown(row: sqlite3.Row) -> Analysis:
    """The analysis that is the job *row*."""
    return Analysis.of(row, media_id=row["about"])


class Analysing:
    """Lets *analyser* look at the videos in *store*."""

    def __init__(self, store: Store, settings: Settings, analyser: Analyser) -> None:
        self._store = store
        self._seconds = settings.analysis_seconds
        self._analyser = analyser

    def run(self, step: Step, job_id: str) -> None:
        """Analyse the video of the job."""
        step(self.analyse, job_id)

    def give_up(self, job_id: str, reason: str) -> None:
        """Fail an analysis that cannot be done; one that has ended stays as it is."""
        fail_job(self._store, job_id, "SERVER_ERROR", f"The analysis was given up: {reason}.")

    def analyse(self, job_id: str) -> None:
        """Keep what is found out, or why nothing is. Again: nothing happens to what has ended."""
        asked = begin_job(self._store, job_id)
        if asked is None:
            return
        try:
            found = analyse_within(self._analyser, self._store.folder.files / asked["file"], self._seconds)
        except AnalysisError as problem:
            fail_job(self._store, job_id, problem.code, problem.message)
        else:
            complete_job(self._store, job_id, found)
