"""The server called in-process, with the contract around it; its jobs are done here and now, when a test says so."""

from __future__ import annotations

import dataclasses
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from starlette.testclient import TestClient

from failwell.clock import VirtualClock
from failwell.server import Contract, immediately
from scopix_server import Settings, Store
from scopix_server.services import Services
from scopix_server.vendor import serve
from scopix_server.work import KINDS, unfinished_jobs
from tests.idle_jobs import IdleJobs


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
        self.client = TestClient(self.served.app, base_url="http://server/api/v2", raise_server_exceptions=False)

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

    def session(self, key: str = "member", **body: Any) -> str:
        """The id of a new upload session."""
        answer = self.send("POST", "/uploads", key, json={"files": 1, **body})
        assert 201 == answer.status_code, answer.text
        return str(answer.json()["session_id"])

    def put(
        self, content: Any, filename: str = "cat.png", *, key: str = "member", session: str = "", **headers: str
    ) -> httpx2.Response:
        """Upload *content*, in a session of its own unless one is given."""
        path = f"/uploads/{session or self.session(key)}/files"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("PUT", path, key, params={"filename": filename}, content=content, headers=sent)

    def upload(self, content: bytes | None = None, filename: str = "cat.png", **more: Any) -> Any:
        """The file that an upload has made."""
        answer = self.put(picture() if content is None else content, filename, **more)
        assert 201 == answer.status_code, answer.text
        return answer.json()

    def work(self) -> None:
        """Do all the jobs that there are, as the worker does."""
        for kind, job_id in list(unfinished_jobs(self.store)):
            work = KINDS[kind].open(self.store, self.services.clock, self.services.settings)
            work.run(immediately, job_id)

    def files(self) -> list[str]:
        """The names of all files in the data folder, whole or not."""
        return sorted(path.name for path in self.store.folder.files.iterdir())


def picture(color: str = "red", size: tuple[int, int] = (32, 24), kind: str = "PNG", **how: Any) -> bytes:
    """A picture of one colour, as the bytes of a file."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, kind, **how)
    return file.getvalue()


def error(answer: httpx2.Response) -> tuple[int, str, Any]:
    """The status of *answer*, who says it ("error" is middleware, "detail" a handler), and its code."""
    body = answer.json()
    if "error" in body:
        assert {"error", "request_id"} == body.keys()
        assert answer.headers["x-request-id"] == body["request_id"]
        return answer.status_code, "error", body["error"]["code"]
    assert {"detail"} == body.keys()
    detail = body["detail"]
    return answer.status_code, "detail", detail.get("code") if isinstance(detail, dict) else None


def detail(answer: httpx2.Response) -> dict[str, Any]:
    """What the detail of *answer* has beside its code and its message."""
    body = answer.json()
    facts: dict[str, Any] = body["error"]["details"] if "error" in body else dict(body["detail"])
    return {name: value for name, value in facts.items() if name not in {"code", "message"}}


def forget_answers(api: Api) -> None:
    """Lose what a server has lost that died after it did the work, and before it kept the answer."""
    with closing(sqlite3.connect(api.store.folder.path / "idempotency.sqlite")) as db, db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - a name from the database
