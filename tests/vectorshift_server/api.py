"""The server called in-process, with the contract around it; its jobs are done here and now, when a test says so."""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient

from failwell.clock import VirtualClock
from failwell.server import Contract, immediately
from tests.idle_jobs import IdleJobs
from vectorshift_server import Settings, Store
from vectorshift_server.services import Services
from vectorshift_server.vendor import serve
from vectorshift_server.work import KINDS, unfinished_jobs


class Api:
    """One server on *folder*; *statements* are those that its store has executed."""

    def __init__(self, folder: Path, clock: VirtualClock, settings: Settings) -> None:
        self.served = serve(folder, clock, settings)
        assert isinstance(self.served.app, Contract)
        inner: Any = self.served.app.app
        self.statements: list[str] = []
        self.store = Store(folder, trace=self.statements.append)
        self.jobs = IdleJobs()
        real: Services = inner.state.services
        self.services = inner.state.services = dataclasses.replace(
            real,
            store=self.store,
            jobs=self.jobs,  # type: ignore[arg-type]
        )
        self.client = TestClient(self.served.app, base_url="http://server/v1", raise_server_exceptions=False)

    def close(self) -> None:
        """Put the server away; its folder stays."""
        self.served.close()
        self.store.close()

    def send(self, method: str, path: str, key: str = "member", **more: Any) -> httpx2.Response:
        """The answer to the demo key of that name; more headers may be given."""
        headers = {"Authorization": f"Bearer {self.served.keys[key]}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, key: str = "member") -> Any:
        """The JSON that GET *path* answers with."""
        return self.send("GET", path, key).json()

    def post(self, path: str, body: Any, key: str = "member", **headers: str) -> Any:
        """The JSON that a POST of *body* is answered with, which holds."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.send("POST", path, key, json=body, headers=sent)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def pipeline(self, nodes: Mapping[str, tuple[str, dict[str, Any]]], key: str = "member") -> str:
        """The id of a new pipeline of *nodes*: the type and the inputs of each, by id."""
        return str(self.post("/pipeline", {"name": "made", "nodes": shaped(nodes)}, key)["id"])

    def agent(self, key: str = "member", **body: Any) -> str:
        """The id of a new agent."""
        return str(self.post("/agent", {"name": "made", **body}, key)["id"])

    def base(self, *texts: str, key: str = "member") -> str:
        """The id of a new knowledge base with the *texts* in it."""
        base_id = str(self.post("/knowledge-base", {"name": "made"}, key)["id"])
        for number, text in enumerate(texts):
            asked = {"file_data": {"file": {"id": self.file(text.encode(), f"{number}.txt", key)}}}
            self.post(f"/knowledge-base/{base_id}/ingestions", asked, key)
        self.work()
        return base_id

    def offered(self, content: bytes, name: str = "a.txt", key: str = "member", **more: Any) -> Any:
        """The upload URL for *content*, and its key."""
        about = {"file_name": name, "file_size": len(content), "content_hash": hashlib.sha256(content).hexdigest()}
        return self.post("/files/presigned-upload-url", {**about, **more}, key)

    def file(self, content: bytes, name: str = "a.txt", key: str = "member") -> str:
        """The id of a new file."""
        target = self.offered(content, name, key)
        assert 200 == self.client.put(target["presigned_url"], content=content).status_code
        return str(self.post("/files/", {"s3_key": target["s3_key"], "metadata": {"name": name}}, key)["file_id"])

    def run(self, pipeline_id: str, inputs: Mapping[str, Any] | None = None, key: str = "member") -> Any:
        """How a run has ended that was done here and now."""
        body = {"inputs": inputs or {}, "background": True}
        task_id = self.post(f"/pipeline/{pipeline_id}/run", body, key)["task_id"]
        self.work()
        return self.get(f"/pipeline/{pipeline_id}/run/status/{task_id}", key)

    def work(self) -> None:
        """Do all the jobs that there are, as the worker does."""
        while jobs := list(unfinished_jobs(self.store)):
            for kind, job_id in jobs:
                KINDS[kind].open(self.store, self.services.settings).run(immediately, job_id)

    def files(self) -> list[str]:
        """The names of all files in the data folder, whole or not."""
        return sorted(path.name for path in self.store.folder.files.iterdir())


def shaped(nodes: Mapping[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """*nodes* as they travel; each is called as its id."""
    return {id_: {"id": id_, "name": id_, "type": kind, "inputs": inputs} for id_, (kind, inputs) in nodes.items()}


def error(answer: httpx2.Response) -> tuple[int, str]:
    """The status of *answer*, and its words."""
    return answer.status_code, str(answer.json()["error"])


def forget_answers(api: Api) -> None:
    """Lose what a server has lost that died after it did the work, and before it kept the answer."""
    with closing(sqlite3.connect(api.store.folder.path / "idempotency.sqlite")) as db, db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the database
