from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pictograph_server import Settings, credit_balance, set_credits

from .api import Api
from .training_data import failed, fill, long_run


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


def test_unexpected_failure(api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """
    An error that nobody foresaw fails the run without telling its text, is logged, and the next run trains.
    """
    fill(api)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    with monkeypatch.context() as patched:
        patched.setattr("pictograph_server.training.split", broken)
        reason = failed(api)

    assert "The server failed inside. The credits were returned; its log knows more." == reason
    assert "secret detail" in caplog.text
    assert "completed" == api.ended(api.train())["status"]


def test_prompt_shutdown(api: Api) -> None:
    """
    A server that is stopped does not wait for long runs: they fail with that reason, and their credits are returned.
    """
    fill(api)
    runs = [long_run(api), long_run(api), api.train(config={"epochs": 10_000_000})]
    begun = time.monotonic()

    api.app.state.services.trainer.close()

    assert 10 > time.monotonic() - begun
    ended = [api.get(f"/training/{run['id']}")["data"] for run in runs]
    assert {"failed"} == {run["status"] for run in ended}
    assert all("The server was stopped" in run["error_message"] for run in ended)
    assert 100 == credit_balance(api.store, "acme")


def test_run_after_shutdown(api: Api) -> None:
    """
    A run that is created while the server stops fails at once, and is not left as "queued".
    """
    fill(api)
    api.app.state.services.trainer.close()

    assert "The server is stopping" in failed(api)
    assert 100 == credit_balance(api.store, "acme")


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
    time.sleep(0.1)

    assert "queued" == api.get(f"/training/{third['id']}")["data"]["status"]


def test_another_server_is_left_alone(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    A second server on the same folder does not fail the runs of one that is alive.
    """
    fill(api)
    run = long_run(api)

    second = serve(Settings())

    assert "running" == second.get(f"/training/{run['id']}")["data"]["status"]


DYING_SERVER = """
import sys, time
from pictograph_server import Settings, Store, create_app
from pictograph_server.runs import NewRun, RunConfig, create_run

class Now:
    def wall(self):
        return time.time()

store = Store(sys.argv[1])
trainer = create_app(store, clock=Now()).state.services.trainer
for _ in range(3):
    new = NewRun(dataset_name="ds", export_name="exp", pipeline_type="yolox", config=RunConfig(epochs=10_000_000))
    run = create_run(store, Now(), Settings(), tenant="acme", key_id="k", owner=trainer.owner, new=new)
    trainer.submit(run.id)
print("ready", flush=True)
time.sleep(60)
"""


def test_killed_server(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    Runs of a server that was killed are failed with that reason when the next one starts, and their credits returned.
    """
    fill(api)
    server = subprocess.Popen(
        [sys.executable, "-c", DYING_SERVER, str(api.store.folder.path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with server:
        assert server.stdout is not None
        assert b"ready" == server.stdout.readline().strip()
        assert 100 - 3 * 18 == credit_balance(api.store, "acme")
        assert ["queued", "running"] == sorted({str(run["status"]) for run in _wait_for_running(api)})[:2]
        server.send_signal(signal.SIGKILL)
    serve(Settings())

    runs = api.get("/training/")["data"]

    reason = "The server ended before the run did. The credits were returned; start the run again."
    assert [("failed", reason)] * 3 == [(run["status"], run["error_message"]) for run in runs]
    assert 100 == credit_balance(api.store, "acme")


def _wait_for_running(api: Api) -> list[dict[str, object]]:
    end = time.monotonic() + 60
    while True:
        runs: list[dict[str, object]] = api.get("/training/")["data"]
        if any(run["status"] == "running" for run in runs) or time.monotonic() > end:
            return runs
        time.sleep(0.01)


def test_forgotten_server(tmp_path: Path) -> None:
    """
    A program that ends without closing its server ends at once, though a run would last for minutes.
    """
    script = DYING_SERVER.replace("time.sleep(60)", "").replace("store = Store(sys.argv[1])", PREPARE)
    begun = time.monotonic()
    # Python 3.13 and newer tell who forgets a database, and rightly; anything else would be ours.
    warned = ("-W", "error", "-W", "ignore:unclosed database:ResourceWarning")

    ended = subprocess.run(
        [sys.executable, *warned, "-c", script, str(tmp_path / "data")],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
    )

    assert (0, b"") == (ended.returncode, ended.stderr)
    assert 60 > time.monotonic() - begun


PREPARE = """
from pictograph_server import seed
store = Store(sys.argv[1])
seed(store, clock=Now())
"""
