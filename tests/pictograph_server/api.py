"""The server called in-process, by a caller of any tenant and role; what it raises reaches the test."""

from __future__ import annotations

import io
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from PIL import Image as Pillow
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from failwell.server.frameworks.starlette.adapter import refusal
from failwell.server.refusal import as_error
from pictograph.exceptions import CATALOGUE
from pictograph_server import Settings, Store, create_app
from pictograph_server.app import BASE_PATH
from pictograph_server.work import unfinished_jobs

CHECKPOINT = re.compile(r".+\.\d+\.npz")
"""The name of what a run has learned so far. The last one goes a moment after the run has ended."""


class MovableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0  # 2026-01-01T00:00:00Z

    def wall(self) -> float:
        return self.now


@dataclass(frozen=True)
class Key:
    """What the authentication outside of the app finds out about a key."""

    tenant: str = "acme"
    key_id: str = "key_1"
    role: str = "member"


class Api:
    """One server, and calls to it in the name of *key*."""

    def __init__(self, store: Store, clock: MovableClock, settings: Settings) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self.app = create_app(store, clock=clock, settings=self.settings)
        # Once, and not as the lifespan does for as long as it lasts: tests look at jobs that nobody does.
        if next(unfinished_jobs(store), None) is not None:
            self.app.state.services.jobs.nudge()
        self.app.add_exception_handler(RequestValidationError, _raise_as_contract_error)
        self.app.add_exception_handler(HTTPException, _raise_as_contract_error)
        self.key = Key()

    def as_(self, tenant: str = "acme", role: str = "member") -> Api:
        """The same server, called by somebody else."""
        other = object.__new__(Api)
        other.__dict__ |= self.__dict__ | {"key": Key(tenant, f"key_of_{tenant}", role)}
        return other

    def send(self, method: str, path: str, content: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """Call *path*, below the base path unless it begins with "/signed" or "http"; return status and JSON."""
        url = path if path.startswith(("/signed", "http")) else BASE_PATH + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # Not as a context manager: the lifespan's end would stop the worker after each call.
        client = TestClient(_called_by(self.app, self.key))
        answer = client.request(method, url, content=content, headers=named)
        return answer.status_code, answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """The JSON that GET *path* answers with."""
        return self.send("GET", path)[1]

    def post(self, path: str, body: Any) -> Any:
        """The JSON that POST *body* to *path* answers with. NaN is sent as such."""
        return self.send("POST", path, json.dumps(body).encode(), content_type="application/json")[1]

    def upload_url(self, filename: str = "x.png", content_type: str = "image/png", **more: Any) -> str:
        """A signed URL for *filename* in "ds"."""
        body = {"dataset": "ds", "filename": filename, "content_type": content_type, **more}
        return str(self.post("/images/upload-url", body)["data"]["upload_url"])

    def put(self, url: str, content: bytes = b"x", content_type: str = "image/png") -> int:
        """PUT *content* to *url*; return the status."""
        return self.send("PUT", url, content, content_type=content_type)[0]

    def upload(self, content: bytes, filename: str = "x.png", content_type: str = "image/png", **more: Any) -> Any:
        """Upload and register *content*; return the image. *more* is told when registering."""
        place = {key: more[key] for key in ("dataset", "directory_path") if key in more}
        url = self.upload_url(filename, content_type, **place)
        self.send("PUT", url, content, content_type=content_type)
        body = {"dataset": "ds", "filename": filename, "content_type": content_type, **more}
        return self.post("/images/register", body)["data"]

    def save(self, image: Any, *annotations: Any, **more: Any) -> Any:
        """Save *annotations* of *image* by its id."""
        return self.post(f"/annotations/by-id/{image['id']}", {"annotations": list(annotations), **more})

    def train(self, export: str = "exp", **more: Any) -> Any:
        """Start a run on an export of "ds"; return it."""
        body = {"dataset_name": "ds", "export_name": export, "pipeline_type": "yolox", **more}
        return self.post("/training/", body)["data"]

    def ended(self, run: Any) -> Any:
        """*run* once it is completed or failed, after at most 60 s."""
        return self.when(run, lambda seen: seen["status"] in {"completed", "failed"})

    def when(self, run: Any, ready: Any) -> Any:
        """*run* once it is *ready*, after at most 60 s."""
        end = time.monotonic() + 60
        while not ready(seen := self.get(f"/training/{run['id']}")["data"]):
            assert time.monotonic() < end, seen
            time.sleep(0.01)
        return seen

    def files(self) -> list[str]:
        """The names of all files that pictures and models have in the data folder, without those of a training."""
        names = (path.name for path in self.store.folder.files.iterdir())
        return sorted(name for name in names if not CHECKPOINT.fullmatch(name))


def box(name: str = "person", x: float = 1, y: float = 2, w: float = 3, h: float = 4, **more: Any) -> dict[str, Any]:
    """A bbox annotation."""
    return {"name": name, "type": "bbox", "bounding_box": {"x": x, "y": y, "w": w, "h": h}, **more}


def picture(color: str = "red", size: tuple[int, int] = (32, 24), kind: str = "PNG", **how: Any) -> bytes:
    """A picture of one color, as the bytes of a file."""
    file = io.BytesIO()
    Pillow.new("RGB", size, color).save(file, kind, **how)
    return file.getvalue()


def _called_by(app: FastAPI, key: Key) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        # Like the authentication of the real server: a signed URL has no caller.
        if scope["path"].startswith(BASE_PATH):
            scope["failwell.caller"] = key
        await app(scope, receive, send)

    return wrapped


async def _raise_as_contract_error(request: Request, exc: Exception) -> Any:
    refused = refusal(exc)
    raise as_error(refused, CATALOGUE) if refused is not None and refused.entries else exc
