# ruff: noqa: D205 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Sandbox
from pictograph import Client, train_pipeline, training_pipeline
from pictograph.exceptions import PollTimeoutError

from .sdk import A_DAY, MANY, Sdk, operations
from .snippets import snippet

SNIPPET = snippet(114, 123)

JOBS: dict[str, Callable[[Any, float], Any]] = {
    "training_pipeline": lambda client, timeout: training_pipeline(client, "ds", timeout=timeout),
    "train_pipeline": lambda client, timeout: train_pipeline(client, "ds", timeout=timeout),
    "training.create": lambda client, timeout: client.training.create("ds", "exp", wait=True, timeout=timeout),
}


@pytest.mark.documented("pictograph", lines=(108, 110))
@pytest.mark.parametrize("job", JOBS)
def test_timeout(sdk: Sdk, standstill: Callable[[], None], job: str) -> None:
    """
    Long-running jobs (`training_pipeline`, batch auto-annotate, large dataset imports) accept a `timeout` arg and raise
    `PollTimeoutError` when it elapses.

    Training: at that moment, not before and not after.
    """
    with pytest.raises(PollTimeoutError) as caught:
        sdk.call(lambda client: JOBS[job](client, 60.0))

    assert pytest.approx(60.0) == sum(sdk.waits)
    assert (60.0, None) == (caught.value.timeout, caught.value.status_code)


@pytest.mark.documented("pictograph", lines=(108, 110))
@pytest.mark.parametrize("job", JOBS)
def test_in_time(sdk: Sdk, job: str) -> None:
    """
    Long-running jobs (`training_pipeline`, batch auto-annotate, large dataset imports) accept a `timeout` arg and raise
    `PollTimeoutError` when it elapses.

    When it does not elapse they return.
    """
    done = sdk.call(lambda client: JOBS[job](client, A_DAY))

    assert "completed" == (done if job == "training.create" else done[0]).status


@pytest.mark.documented("pictograph", lines=(108, 110))
@pytest.mark.parametrize(
    ("resource", "starts", "waits"),
    [("auto_annotate", "batch", "wait_for_batch"), ("connectors", "import_", "wait_for_import")],
)
def test_timeout_of_other_jobs(client: Client, resource: str, starts: str, waits: str) -> None:
    """
    Long-running jobs (`training_pipeline`, batch auto-annotate, large dataset imports) accept a `timeout` arg and raise
    `PollTimeoutError` when it elapses.

    Batch auto-annotation and imports: where they are started, and where they are waited for.
    """
    known = operations(getattr(client, resource))
    raising = {name: each for name, each in known.items() if PollTimeoutError in each.raises}

    assert {starts, waits} == {*raising}
    assert {True} == {"timeout" in inspect.signature(each).parameters for each in raising.values()}


@pytest.mark.documented("pictograph", lines=(108, 110))
def test_timeout_of_an_import(sdk: Sdk, many: str) -> None:
    """
    Long-running jobs (`training_pipeline`, batch auto-annotate, large dataset imports) accept a `timeout` arg and raise
    `PollTimeoutError` when it elapses.

    A large import goes on on the backend, and can be waited for later.
    """
    source = [{"id": many, "name": many}]
    with pytest.raises(PollTimeoutError, match="was not cancelled") as caught:
        sdk.call(lambda client: client.connectors.import_("folder", source, wait=True, timeout=1e-3))
    import_id = caught.value.import_id
    assert (import_id, None, None) == (caught.value.resource_id, caught.value.run_id, caught.value.job_id)
    assert f'client.connectors.get_import("{import_id}")' in str(caught.value)

    done = sdk.call(lambda client: client.connectors.wait_for_import(import_id, timeout=A_DAY))
    assert ("completed", MANY, 0) == (done.status, done.imported_images, done.failed_images)
    assert MANY == sdk.call(lambda client: client.datasets.get(many)).image_count


@pytest.mark.documented("pictograph", lines=(110, 111))
def test_not_cancelled(sdk: Sdk, standstill: Callable[[], None]) -> None:
    """
    The job is **not cancelled** — it keeps running on the backend.

    What was paid for is trained to its end, with nobody waiting.
    """
    with pytest.raises(PollTimeoutError, match="was not cancelled") as caught:
        sdk.call(lambda client: JOBS["training.create"](client, 60.0))
    run_id = caught.value.run_id
    assert (run_id, "queued") == (caught.value.resource_id, caught.value.last_result["status"])
    assert [] == [entry for entry in sdk.requests if entry.method not in ("GET", "POST")]

    standstill()
    run = sdk.call(lambda client: client.training.wait_for_completion(run_id, timeout=A_DAY))
    assert ("completed", 100) == (run.status, run.progress)
    assert run.model_id == sdk.call(lambda client: client.models.get(run.model_id)).id


class UnhurriedClock(VirtualClock):
    """A clock on which 60 s take 12: the server does its work in real time."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        time.sleep(seconds / 5)


@pytest.mark.documented("pictograph", lines=(114, 123))
def test_snippet_in_time(sandbox: Sandbox) -> None:
    """
    With training done in time the snippet has its run and its model, and nothing to catch.
    """
    with Client(sandbox.keys["member"], base_url=sandbox.url, clock=UnhurriedClock()) as client:
        ran = SNIPPET.run(train_pipeline=train_pipeline, client=client)

    assert {114, 116, 117} == ran.lines
    run, model = ran.names["run"], ran.names["model"]
    assert ("completed", run.model_id) == (run.status, model.id)


@pytest.mark.documented("pictograph", lines=(114, 123))
def test_snippet_picks_up_later(client: Client, standstill: Callable[[], None]) -> None:
    """
    When the run was done between the timeout and "later", the snippet finds it completed, and has its model.
    """

    def later() -> None:
        standstill()
        newest = client.training.list(limit=1)[0]
        client.training.wait_for_completion(newest.id, timeout=A_DAY)

    ran = SNIPPET.run({121: later}, train_pipeline=train_pipeline, client=client)

    assert SNIPPET.lines == ran.lines
    run, model = ran.names["run"], ran.names["model"]
    assert (ran.names["run_id"], "completed", run.model_id) == (run.id, run.status, model.id)


@pytest.mark.documented("pictograph", lines=(114, 123))
def test_snippet_still_running(client: Client, standstill: Callable[[], None]) -> None:
    """
    When the run is not done "later" either, the snippet knows its id, and has no model yet.
    """
    ran = SNIPPET.run(train_pipeline=train_pipeline, client=client)

    assert SNIPPET.lines - {123} == ran.lines
    assert (ran.names["run_id"], "queued") == (ran.names["run"].id, ran.names["run"].status)
    assert "model" not in ran.names
