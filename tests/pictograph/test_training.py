from __future__ import annotations

import pickle
from typing import Any

import httpx2
import pytest

from pictograph import train_pipeline, training_pipeline, workflows
from pictograph.exceptions import (
    ConfigurationError,
    NotFoundError,
    PaymentRequiredError,
    PollTimeoutError,
    ServerError,
)

from .backend import EXPORT, MODEL, Backend, every_colour, run


def timed_out(backend: Backend, colour: str, call: Any) -> PollTimeoutError:
    """The timeout that `call(client)` ends with."""
    with pytest.raises(PollTimeoutError) as caught:
        backend.ask(colour, call)
    return caught.value


@every_colour
def test_create(colour: str) -> None:
    """
    Creating a run sends what was recorded, and returns at once.
    """
    backend = Backend(run("queued"))
    created = backend.ask(colour, lambda client: client.training.create("ds", "exp", pipeline_type="yolox", name="r1"))

    assert ("queued", ["POST /training/"]) == (created.status, backend.places)
    assert {
        "dataset_name": "ds",
        "export_name": "exp",
        "pipeline_type": "yolox",
        "gpu_type": "a10g",
        "config": {},
        "name": "r1",
    } == backend.payload(0)


@every_colour
def test_create_and_wait(colour: str) -> None:
    """
    With wait=True the run is polled until it is done.
    """
    backend = Backend(run("queued"), run("queued"), run("running"), run("completed"))
    done = backend.ask(colour, lambda client: client.training.create("ds", "exp", wait=True))

    assert "completed" == done.status
    assert ["POST /training/", *["GET /training/run_1"] * 3] == backend.places
    assert [1.0, 1.5] == backend.clock.waits()


@every_colour
@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_final_states(status: str, colour: str) -> None:
    """
    A run that failed or was cancelled is done too, and returned.
    """
    backend = Backend(run("running"), run(status, error_message="why"))
    done = backend.ask(colour, lambda client: client.training.wait_for_completion("run_1"))

    assert (status, "why") == (done.status, done.error_message)


@every_colour
def test_poll_timeout(colour: str) -> None:
    """
    A run that is not done in time is a PollTimeoutError with its id, its last state and how to go on.
    """
    backend = Backend(run("running", id="run_8f2", progress=40))
    error = timed_out(backend, colour, lambda client: client.training.wait_for_completion("run_8f2", timeout=60))

    assert (
        'Run run_8f2 is still "running" after 60 s and was not cancelled. Resume: client.training.get("run_8f2")'
        == str(error)
    )
    assert ("run_8f2", "run_8f2", None, None, 60.0) == (
        error.run_id,
        error.resource_id,
        error.job_id,
        error.import_id,
        error.timeout,
    )
    assert ("running", 40) == (error.last_result["status"], error.last_result["progress"])
    assert 60.0 == pytest.approx(sum(backend.clock.waits()))
    assert all(place.startswith("GET ") for place in backend.places)


@every_colour
def test_poll_timeout_pickles(colour: str) -> None:
    """
    A PollTimeoutError works in another process: it pickles, with all that is needed to go on.
    """
    backend = Backend(run("running"))
    error = timed_out(backend, colour, lambda client: client.training.wait_for_completion("run_1", timeout=5))
    loaded = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (str(error), error.run_id, error.last_result) == (str(loaded), loaded.run_id, loaded.last_result)


@every_colour
def test_the_snippet_goes_on(colour: str) -> None:
    """
    After a PollTimeoutError the run can be fetched by its id.
    """
    backend = Backend(*[run("running")] * 4, run("completed", model_id="m_1"))
    error = timed_out(backend, colour, lambda client: client.training.wait_for_completion("run_1", timeout=3))
    later = backend.ask(colour, lambda client: client.training.get(error.run_id))

    assert ("completed", "m_1") == (later.status, later.model_id)


@every_colour
def test_trouble_while_polling(colour: str) -> None:
    """
    A server error, a rate limit or a lost connection while polling does not end the wait.
    """
    down: list[Any] = [(500, {}), httpx2.ConnectError("away"), (429, {"detail": "slow"}), httpx2.ReadTimeout("slow")]
    backend = Backend(run("running"), *down, *down, run("completed"))
    done = backend.ask(colour, lambda client: client.training.wait_for_completion("run_1", timeout=300))

    assert ("completed", 10) == (done.status, len(backend.places))


@every_colour
def test_a_run_that_is_gone(colour: str) -> None:
    """
    A run that does not exist ends the wait at once.
    """
    backend = Backend((404, {"detail": "Run not found"}))
    with pytest.raises(NotFoundError):
        backend.ask(colour, lambda client: client.training.wait_for_completion("run_1"))

    assert [] == backend.clock.waits()


@every_colour
def test_unknown_state(colour: str) -> None:
    """
    When no poll got an answer, the message says that the state is unknown.
    """
    backend = Backend((500, {}))
    error = timed_out(backend, colour, lambda client: client.training.wait_for_completion("run_1", timeout=4))

    assert str(error).startswith("Run run_1 is of unknown status after 4 s and was not cancelled.")
    assert None is error.last_result
    assert 4.0 == pytest.approx(sum(backend.clock.waits()))


@every_colour
def test_payment(colour: str) -> None:
    """
    402 says what is needed, what is left and where to top up, and is asked for once.
    """
    detail = {"message": "Out of credits.", "required": 50, "remaining": 3, "upgrade_url": "https://u"}
    backend = Backend((402, {"detail": detail}))
    with pytest.raises(PaymentRequiredError) as caught:
        backend.ask(colour, lambda client: client.training.create("ds", "exp"))

    assert (50, 3, "https://u", 1) == (
        caught.value.required,
        caught.value.remaining,
        caught.value.upgrade_url,
        len(backend.asked),
    )


@every_colour
def test_pipeline(colour: str) -> None:
    """
    `train_pipeline` exports, trains, waits and fetches the model.
    """
    backend = Backend(EXPORT, run("queued"), run("running"), run("completed", model_id="m_1"), MODEL)
    done, model = backend.ask(colour, lambda client: train_pipeline(client, "ds", pipeline="yolox", timeout=60.0))

    assert ("completed", "m_1") == (done.status, model.id)
    assert [
        "POST /exports/",
        "POST /training/",
        "GET /training/run_1",
        "GET /training/run_1",
        "GET /models/m_1",
    ] == backend.places
    assert ("ds", "yolox") == (backend.payload(0)["dataset_name"], backend.payload(1)["pipeline_type"])


@every_colour
def test_pipeline_of_an_export(colour: str) -> None:
    """
    With an export of the caller's own none is made.
    """
    backend = Backend(run("queued"), run("completed", model_id="m_1"), MODEL)
    backend.ask(colour, lambda client: train_pipeline(client, "ds", export_name="mine"))

    assert ("POST /training/", "mine") == (backend.places[0], backend.payload(0)["export_name"])


@every_colour
def test_pipeline_that_fails(colour: str) -> None:
    """
    A run that failed has no model; the run says why.
    """
    backend = Backend(EXPORT, run("queued"), run("failed", error_message="no annotations"))
    done, model = backend.ask(colour, lambda client: train_pipeline(client, "ds"))

    assert ("failed", "no annotations", None) == (done.status, done.error_message, model)


@every_colour
def test_pipeline_out_of_time(colour: str) -> None:
    """
    A pipeline that is not done in time raises PollTimeoutError with the id of its run.
    """
    backend = Backend(EXPORT, run("queued"), run("running"))
    error = timed_out(backend, colour, lambda client: train_pipeline(client, "ds", timeout=60.0))

    assert ("run_1", 60.0) == (error.run_id, error.timeout)


@every_colour
def test_pipeline_errors(colour: str) -> None:
    """
    An error of any step leaves the pipeline as it is.
    """
    with pytest.raises(ServerError):
        Backend(EXPORT, (500, {})).ask(colour, lambda client: train_pipeline(client, "ds"), max_retries=0)
    with pytest.raises(NotFoundError):
        Backend((404, {"detail": "Dataset not found"})).ask(colour, lambda client: train_pipeline(client, "nope"))


def test_pipeline_names() -> None:
    """
    The pipeline is importable from `pictograph` and `pictograph.workflows`, by both of its names.
    """
    assert train_pipeline is training_pipeline is workflows.train_pipeline is workflows.training_pipeline


@every_colour
def test_polling_without_a_pause(colour: str) -> None:
    """
    An interval of 0 does not make a busy loop.
    """
    backend = Backend(run("running"))
    timed_out(backend, colour, lambda client: client.training.wait_for_completion("r", timeout=1, poll_interval=0))

    assert len(backend.asked) < 20


@every_colour
@pytest.mark.parametrize("interval", [-1.0, float("nan"), float("inf"), "1", None, True])
def test_an_interval_that_makes_no_sense(interval: Any, colour: str) -> None:
    """
    A poll_interval that is no number of seconds from 0 is refused before anything is asked.
    """
    backend = Backend(run("running"))
    with pytest.raises(ConfigurationError, match=r"poll_interval is .*; it must be a number of seconds from 0"):
        backend.ask(colour, lambda client: client.training.wait_for_completion("r", poll_interval=interval))

    assert [] == backend.asked


@every_colour
@pytest.mark.parametrize("timeout", [-1, -0.5, float("nan"), "60", None, True])
def test_a_timeout_that_makes_no_sense(timeout: Any, colour: str) -> None:
    """
    A timeout of a wait that is no number of seconds from 0 is refused before anything is asked.
    """
    backend = Backend(run("running"))
    with pytest.raises(ConfigurationError, match=r"timeout is .*; it must be a number of seconds from 0"):
        backend.ask(colour, lambda client: client.training.wait_for_completion("run_1", timeout=timeout))

    assert [] == backend.asked
