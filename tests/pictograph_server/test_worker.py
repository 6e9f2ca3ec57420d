"""Training in the worker process, which may be killed at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwell.server.refusal import Refusal
from pictograph_server import Settings, credit_balance, set_credits

from .api import Api, picture
from .training_data import fill, long_run, train_here, weights

EPOCHS = 40_000
"""Seconds of training."""

MANY = 150
"""Pictures that take a while."""


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that died is followed by the next at once."""
    monkeypatch.setattr("failwell.server.jobs.supervisor.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("failwell.server.jobs.supervisor.LONGEST_PAUSE", 0.01)


def started(api: Api) -> Any:
    """A run of `EPOCHS` that has got somewhere, and is far from done."""
    run = api.train(config={"epochs": EPOCHS})
    seen = api.when(run, lambda seen: 0 < seen["current_epoch"])
    assert "running" == seen["status"]
    return seen


def kill_worker(api: Api) -> int:
    """Kill the worker of *api* with -9; return its process id."""
    pid = api.app.state.services.jobs.worker_pid
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_progress(api: Api) -> None:
    """
    While it trains, a run tells its progress, which only rises.
    """
    fill(api)
    run = long_run(api)
    seen = [api.get(f"/training/{run['id']}")["data"] for _ in range(20)]

    assert sorted(entry["current_epoch"] for entry in seen) == [entry["current_epoch"] for entry in seen]
    assert {"running"} == {entry["status"] for entry in seen}
    assert all(0 <= entry["progress"] < 100 for entry in seen)


def test_killed_worker(api: Api) -> None:
    """
    S15. A worker killed with -9 in the middle of a run loses nothing: another one goes on from where it was.

    The run ends once, is paid for once, and has learned the same as a run that nobody disturbed.
    """
    fill(api)
    undisturbed = train_here(api, config={"epochs": EPOCHS})
    before = started(api)
    first = kill_worker(api)

    after = api.when(before, lambda seen: seen["current_epoch"] > before["current_epoch"])
    run = api.ended(before)

    assert first != api.app.state.services.jobs.worker_pid
    assert before["started_at"] == after["started_at"]
    assert ("completed", EPOCHS) == (run["status"], run["current_epoch"])
    assert undisturbed["metrics"] == run["metrics"]
    assert weights(api, undisturbed) == weights(api, run)
    assert 100 - 2 * 18 == credit_balance(api.store, "acme")
    assert 2 == len(api.get("/models/")["data"])


def test_stopped_server(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    A server that is stopped does not wait for its runs; the next one on the same folder goes on with them.
    """
    fill(api)
    runs = [started(api), started(api), api.train()]
    begun = time.monotonic()
    api.app.state.services.jobs.close()
    stopped_in = time.monotonic() - begun
    left = [api.get(f"/training/{run['id']}")["data"] for run in runs]

    second = serve(Settings())

    assert 10 > stopped_in
    assert ["running", "running", "queued"] == [run["status"] for run in left]
    ended = [second.ended(run) for run in runs]
    assert ["completed"] * 3 == [run["status"] for run in ended]
    assert [run["started_at"] for run in left[:2]] == [run["started_at"] for run in ended[:2]]
    assert 100 - 3 * 18 == credit_balance(api.store, "acme")


def test_several_at_once(serve: Callable[[Settings], Api]) -> None:
    """
    Two runs train at a time; a third is queued until one of them ends.
    """
    api = serve(Settings(training_workers=2))
    api.post("/datasets/", {"name": "ds"})
    set_credits(api.store, "acme", 100)
    fill(api)
    for _ in range(2):
        long_run(api)

    third = api.train()
    # Some looks of the worker into the queue.
    time.sleep(0.5)

    assert "queued" == api.get(f"/training/{third['id']}")["data"]["status"]


def test_another_server_is_left_alone(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    A second server on the same folder leaves the runs of one that is alive to it, and takes them over when it dies.
    """
    fill(api)
    run = started(api)
    second = serve(Settings())
    both = [each.app.state.services.jobs.worker_pid for each in (api, second)]

    api.app.state.services.jobs.close()

    assert None not in both
    assert "completed" == second.ended(run)["status"]


SERVER = """
import sys
import threading
from failwell.sandbox import Sandbox, find_vendor

with Sandbox(find_vendor("pictograph"), data=sys.argv[1]) as sandbox:
    print(sandbox.url, sandbox.keys["member"], flush=True)
    threading.Event().wait(300)
"""


@pytest.mark.parametrize("again", [1, 3])
def test_killed_server(tmp_path: Path, again: int) -> None:
    """
    S15. A whole server killed with -9 in the middle of a run, once or again and again, loses nothing.

    Started on the same folder it goes on, and completes the run, which the old API key can see.
    """
    from pictograph import Client

    servers: list[subprocess.Popen[str]] = []

    def serving() -> list[str]:
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        return server.stdout.readline().split()

    try:
        url, key = serving()
        with Client(key, base_url=url) as client:
            run = client.training.create("ds", "exp", config={"epochs": EPOCHS})
        reached, started_at = 0, None
        for _ in range(again):
            with Client(key, base_url=url) as client:
                while (seen := client.training.get(run.id)).current_epoch <= reached:
                    time.sleep(0.02)
            assert "running" == seen.status
            reached, started_at = seen.current_epoch, seen.started_at
            servers[-1].kill()
            url, _ = serving()
        with Client(key, base_url=url) as client:
            done = client.training.wait_for_completion(run.id, timeout=120.0, poll_interval=0.1)
            model = client.models.get(done.model_id or "")
    finally:
        for server in servers:
            with server:
                server.kill()

    assert ("completed", EPOCHS) == (done.status, done.current_epoch)
    assert done.metrics == model.metrics
    assert started_at == done.started_at


@pytest.mark.parametrize("kills", [1, 3])
def test_killed_while_importing_and_annotating(api: Api, kills: int) -> None:
    """
    S15. A worker killed with -9 in the middle of an import, and of a batch, once or again and again, loses nothing.

    Each picture comes in once, is annotated once, and is paid for once.
    """
    source = api.store.folder.path / "imports" / "many"
    source.mkdir(parents=True)
    for number in range(MANY):
        (source / f"{number}.png").write_bytes(picture("red"))
    set_credits(api.store, "acme", 2 * MANY)

    body = {"provider": "folder", "api_key": "", "datasets": [{"id": "many", "name": "many"}]}
    import_id = api.post("/connectors/import/start", body)["import_id"]
    imported = killed_again_and_again(api, f"/connectors/import/status/{import_id}", "imported_images", kills)
    names = [f"{number}.png" for number in range(MANY)]
    wanted = {"dataset_name": "many", "image_filenames": names, "classes": [{"name": "red"}]}
    job_id = api.post("/auto-annotate/batch", wanted)["job_id"]
    annotated = killed_again_and_again(api, f"/auto-annotate/batch/{job_id}", "processed_images", kills)

    assert ("completed", MANY, 0) == (imported["status"], imported["imported_images"], imported["failed_images"])
    assert ("completed", MANY, MANY) == tuple(
        annotated[field] for field in ("status", "processed_images", "total_annotations_added")
    )
    images = api.get(f"/images/?dataset=many&limit={MANY + 1}")["data"]
    assert sorted(names) == sorted(image["filename"] for image in images)
    assert {1} == {image["annotation_count"] for image in images}
    assert MANY == credit_balance(api.store, "acme")


def killed_again_and_again(api: Api, path: str, counter: str, kills: int) -> Any:
    """The job at *path* once it has ended, its worker killed each time that *counter* has grown."""
    end = time.monotonic() + 120
    reached, killed = 0, None
    while (seen := seen_standing_still(api, path))["status"] in {"pending", "running", "processing"}:
        assert time.monotonic() < end, seen
        # What one wrote before it died may be seen afterwards: the next to be killed is another.
        alive = api.app.state.services.jobs.worker_pid not in (killed, None)
        if kills and alive and reached < seen[counter]:
            kills, reached = kills - 1, seen[counter]
            killed = kill_worker(api)
    assert 0 == kills, "the job was done before its worker could be killed"
    return seen


def seen_standing_still(api: Api, path: str) -> Any:
    """The job at *path*; its worker works some milliseconds before, and not while it is read.

    Where every core is busy, it would be done before it is seen twice.
    """
    time.sleep(0.005)
    pid = api.app.state.services.jobs.worker_pid
    with contextlib.suppress(ProcessLookupError, TypeError):
        os.kill(pid, signal.SIGSTOP)
    try:
        return api.get(path)
    finally:
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(pid, signal.SIGCONT)


RED = [{"name": "red"}]
SHAPES = [{"id": "shapes", "name": "shapes"}]


@pytest.mark.parametrize(
    ("path", "body", "made"),
    [
        ("/training/", {"dataset_name": "ds", "export_name": "exp", "pipeline_type": "yolox"}, ("data", "id")),
        ("/auto-annotate/batch", {"dataset_name": "ds", "image_filenames": ["red-0.png"], "classes": RED}, ("job_id",)),
        ("/connectors/import/start", {"provider": "folder", "datasets": SHAPES}, ("import_id",)),
    ],
)
def test_submitted_again(api: Api, path: str, body: dict[str, Any], made: tuple[str, ...]) -> None:
    """
    S15. A duplicate submission returns the same job, though the key's record died with a server; after 24 h, a new one.

    S3. Another body is no duplicate.
    """
    fill(api)
    (api.store.folder.path / "imports" / "shapes").mkdir(parents=True)
    (api.store.folder.path / "imports" / "shapes" / "red.png").write_bytes(picture("red"))

    def submit(key: str, more: bytes = b"") -> Any:
        headers = {"content_type": "application/json", "idempotency_key": key}
        status, answer = api.send("POST", path, json.dumps(body).encode() + more, **headers)
        assert 201 == status
        for name in made:
            answer = answer[name]
        return answer

    first, again = submit("a-key"), submit("a-key")

    assert first == again
    with pytest.raises(Refusal) as other:
        submit("a-key", b" ")
    assert (409, "idempotency_conflict") == (other.value.status, other.value.code)
    if path != "/connectors/import/start":
        assert first != submit("another-key")
        api.clock.now += 86_401
        assert first != submit("a-key")
