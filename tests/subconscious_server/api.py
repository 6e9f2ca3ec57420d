"""The server called in-process, with the contract around it; its runs are done here and now, when a test says so."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image
from starlette.testclient import TestClient

from failwell.clock import VirtualClock
from failwell.server import Contract, immediately
from subconscious_server import Settings
from subconscious_server.engine import engine_of
from subconscious_server.routes import Services
from subconscious_server.vendor import serve
from subconscious_server.work import Thinking
from tests.idle_jobs import IdleJobs


class Api:
    """One server on *folder*. *worker_clock* is what its worker would read the time from."""

    def __init__(self, folder: Path, clock: VirtualClock, settings: Settings) -> None:
        self.served = serve(folder, clock, settings)
        assert isinstance(self.served.app, Contract)
        inner: Any = self.served.app.app
        self.jobs = IdleJobs()
        self.worker_clock = VirtualClock()
        real: Services = inner.state.services
        self.services = inner.state.services = dataclasses.replace(real, jobs=self.jobs)  # type: ignore[arg-type]
        self.engine = engine_of(settings)
        self.client = TestClient(self.served.app, base_url="http://server/v1")

    def send(self, method: str, path: str, key: str = "member", **more: Any) -> httpx2.Response:
        """The answer to the demo key of that name; more headers may be given."""
        headers = {"Authorization": f"Bearer {self.served.keys[key]}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)

    def submit(self, instructions: str = "What is 1 + 1?", engine: str = "tim", *, key: str = "", **more: Any) -> str:
        """The id of a new run. *more* with "options" and "output" are beside the input, all else is in it."""
        beside: dict[str, Any] = {name: more.pop(name) for name in ("options", "output") if name in more}
        body = {"engine": engine, "input": {"instructions": instructions, **more}, **beside}
        answer = self.send("POST", "/runs", json=body, headers={"Idempotency-Key": key} if key else {})
        assert 200 == answer.status_code, answer.text
        return str(answer.json()["runId"])

    def thinking(self) -> Thinking:
        """What the worker does."""
        return Thinking(self.services.store, self.worker_clock, self.services.settings, self.engine)

    def work(self, run_id: str) -> Any:
        """Do the run, and return it."""
        self.thinking().run(immediately, run_id)
        return self.get(run_id)

    def get(self, run_id: str) -> Any:
        """The run as it is now."""
        return self.send("GET", f"/runs/{run_id}").json()

    def done(self, instructions: str, engine: str = "tim", **more: Any) -> Any:
        """A new run once it has ended."""
        return self.work(self.submit(instructions, engine, **more))


def picture(kind: str = "PNG", size: tuple[int, int] = (32, 24)) -> bytes:
    """A picture, as the bytes of a file."""
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind)
    return file.getvalue()
