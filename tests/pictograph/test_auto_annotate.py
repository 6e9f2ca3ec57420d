from __future__ import annotations

import pickle
from typing import Any

import httpx2
import pytest

from pictograph.exceptions import (
    ApiError,
    ConfigurationError,
    NotFoundError,
    PaymentRequiredError,
    PollTimeoutError,
    RateLimitError,
    ServerError,
)

from .backend import API, Backend, every_colour

NO_CREDITS = {
    "detail": {"message": "Out of credits.", "required": 5, "remaining": 1, "upgrade_url": "https://pictograph.io/up"}
}


def job(status: str = "completed", **more: Any) -> dict[str, Any]:
    """A batch as the wire has it."""
    counts = {"progress": 40, "total_images": 5, "processed_images": 2, "total_annotations_added": 7}
    facts = {"job_id": "job_1", "failed_images": 0, "error_message": None, "estimated_credits": 5}
    return {**facts, "status": status, **counts, "completed_at": None, **more}


def failed(status: int, body: Any) -> dict[str, Any]:
    """A batch that ended with an error of the contract."""
    return job("failed", error_message="It ended.", error={"status": status, "body": body})


@every_colour
def test_batch(colour: str) -> None:
    """
    A batch sends what was recorded, with a key, and returns at once.
    """
    backend = Backend(job("pending"))
    circle = {"name": "circle", "output_type": "bbox"}
    started = backend.ask(colour, lambda client: client.auto_annotate.batch("ds", ["x.png"], [circle, "line"], top_k=1))

    assert ("job_1", "pending", False) == (started.job_id, started.status, started.finished)
    assert ["POST /auto-annotate/batch"] == backend.places
    assert {
        "dataset_name": "ds",
        "image_filenames": ["x.png"],
        "classes": [circle, {"name": "line", "output_type": "polygon"}],
        "confidence_threshold": 0.5,
        "top_k": 1,
    } == backend.payload(0)
    assert 32 == len(backend.asked[0].headers["idempotency-key"])


@every_colour
def test_batch_with_what_the_caller_says(colour: str) -> None:
    """
    A key and a threshold of the caller's own are sent, and no top_k unless it is given.
    """
    backend = Backend(job("pending"))
    backend.ask(
        colour,
        lambda client: client.auto_annotate.batch(
            "ds", ("x.png",), ({"name": "c", "model": "sam3"},), confidence_threshold=0.9, idempotency_key="mine"
        ),
    )

    assert (0.9, False) == (backend.payload(0)["confidence_threshold"], "top_k" in backend.payload(0))
    assert ([{"name": "c", "model": "sam3"}], "mine") == (
        backend.payload(0)["classes"],
        backend.asked[0].headers["idempotency-key"],
    )


@every_colour
@pytest.mark.parametrize(
    ("images", "classes", "name"), [("x.png", ["c"], "image_filenames"), (["x.png"], "circle", "classes")]
)
def test_one_text_for_a_list(images: Any, classes: Any, name: str, colour: str) -> None:
    """
    A text where a list is meant is refused, and not taken letter by letter.
    """
    backend = Backend(job())
    with pytest.raises(TypeError, match=f"^{name} is one text. Pass a list, also for a single one.$"):
        backend.ask(colour, lambda client: client.auto_annotate.batch("ds", images, classes))

    assert [] == backend.asked


@every_colour
def test_quote(colour: str) -> None:
    """
    A quote sends what was recorded, and says how much a batch would cost.
    """
    backend = Backend({"total_images": 3, "estimated_credits": 6})
    quote = backend.ask(colour, lambda client: client.auto_annotate.quote("ds", ["x.png"]))

    assert (3, 6) == (quote.total_images, quote.estimated_credits)
    assert ["POST /auto-annotate/batch/quote"] == backend.places
    assert {"image_filenames": ["x.png"], "projected": [], "classes": [], "dataset_name": "ds"} == backend.payload(0)


@every_colour
def test_get_and_cancel(colour: str) -> None:
    """
    A batch is looked at by its id, and cancelled without a body.
    """
    backend = Backend(job("running"), job("cancelled"))

    assert 2 == backend.ask(colour, lambda client: client.auto_annotate.get_batch("job 1")).processed_images
    assert "cancelled" == backend.ask(colour, lambda client: client.auto_annotate.cancel_batch("job_1")).status
    assert ["GET /auto-annotate/batch/job%201", "POST /auto-annotate/batch/job_1/cancel"] == backend.places
    assert (b"", False, True) == (
        backend.bodies[1],
        "idempotency-key" in backend.asked[0].headers,
        "idempotency-key" in backend.asked[1].headers,
    )


@every_colour
def test_batch_and_wait(colour: str) -> None:
    """
    With wait=True the batch is polled until it is done: after 5 s, and then after longer, but never more than 10.
    """
    backend = Backend(job("pending"), *[job("running")] * 4, job("completed", completed_at="2026-01-01T00:00:00Z"))
    done = backend.ask(colour, lambda client: client.auto_annotate.batch("ds", ["x.png"], ["c"], wait=True))

    assert ("completed", 2026) == (done.status, done.completed_at.year)
    assert [5.0, 7.5, 10.0, 10.0] == backend.clock.waits()
    assert ["POST /auto-annotate/batch", *["GET /auto-annotate/batch/job_1"] * 5] == backend.places


@every_colour
@pytest.mark.parametrize("status", ["completed", "cancelled", "failed"])
def test_final_states(status: str, colour: str) -> None:
    """
    A batch that failed without an error of the contract, or was cancelled, is done too, and returned.
    """
    backend = Backend(job("running"), job(status, error_message="why"))
    done = backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1"))

    assert (status, "why", None) == (done.status, done.error_message, done.error)


@every_colour
@pytest.mark.parametrize("call", ["wait_for_batch", "batch"])
def test_out_of_credits_on_the_way(call: str, colour: str) -> None:
    """
    R2. A batch that ended for want of credits raises PaymentRequiredError, with the evidence of the last look.
    """

    def ask(client: Any) -> Any:
        if call == "batch":
            return client.auto_annotate.batch("ds", ["x.png"], ["c"], wait=True)
        return client.auto_annotate.wait_for_batch("job_1")

    looks = [job("running"), job("running"), failed(402, NO_CREDITS)]
    backend = Backend(*([job("pending")] if call == "batch" else []), *looks)
    with pytest.raises(PaymentRequiredError) as caught:
        backend.ask(colour, ask)
    error = caught.value

    assert (402, 5, 1, "https://pictograph.io/up") == (
        error.status_code,
        error.required,
        error.remaining,
        error.upgrade_url,
    )
    assert ("Out of credits.", [200], 0.0) == (str(error), [each.status for each in error.attempts], error.elapsed)
    assert isinstance(error, PaymentRequiredError)
    assert error.__notes__[0].startswith("Show `e.upgrade_url` to the user.")


@every_colour
def test_request_id_of_the_last_look(colour: str) -> None:
    """
    The error of a failed batch has the id of the request that told of it.
    """

    class Numbered(Backend):
        def answer(self, request: httpx2.Request) -> httpx2.Response:
            answered = super().answer(request)
            answered.headers["X-Request-ID"] = f"req-{len(self.asked)}"
            return answered

    with pytest.raises(PaymentRequiredError) as caught:
        Numbered(job("running"), failed(402, NO_CREDITS)).ask(
            colour, lambda client: client.auto_annotate.wait_for_batch("job_1")
        )

    assert "req-2" == caught.value.request_id


@every_colour
@pytest.mark.parametrize(
    ("status", "kind"), [(500, ServerError), (503, ServerError), (429, RateLimitError), (404, NotFoundError)]
)
def test_how_a_batch_ended_is_not_trouble_while_polling(status: int, kind: type[Exception], colour: str) -> None:
    """
    A batch that ended with an error ends the wait, also when a look that met it would be repeated.
    """
    backend = Backend(job("running"), failed(status, {"detail": "no"}))
    with pytest.raises(kind, match="no"):
        backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1"))

    assert 2 == len(backend.asked)


@every_colour
def test_get_returns_what_failed(colour: str) -> None:
    """
    Looking at a batch that ended with an error raises nothing: the error is in the batch.
    """
    found = Backend(failed(402, NO_CREDITS)).ask(colour, lambda client: client.auto_annotate.get_batch("job_1"))

    assert ("failed", 402, NO_CREDITS) == (found.status, found.error.status, found.error.body)


@every_colour
@pytest.mark.parametrize("error", [{"status": 200}, {"status": "x"}, "no", {}, {"status": 99, "body": {}}])
def test_errors_that_are_none(error: Any, colour: str) -> None:
    """
    A batch whose error is none of the contract's is an answer that cannot be read.
    """
    backend = Backend(job("failed", error=error))
    with pytest.raises(ApiError, match="is no BatchJob: error"):
        backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1"))


@every_colour
def test_trouble_while_polling(colour: str) -> None:
    """
    A server error, a rate limit or a lost connection while polling does not end the wait.
    """
    down: list[Any] = [(500, {}), httpx2.ConnectError("away"), (429, {"detail": "slow"}), httpx2.ReadTimeout("slow")]
    backend = Backend(job("running"), *down, *down, job("completed"))

    assert "completed" == backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1")).status
    assert 10 == len(backend.asked)


@every_colour
def test_poll_timeout(colour: str) -> None:
    """
    A batch that is not done in time is a PollTimeoutError with its id, its last state and the method to go on with.
    """
    backend = Backend(job("running", job_id="job_8f2"))
    with pytest.raises(PollTimeoutError) as caught:
        backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_8f2", timeout=60))
    error = caught.value

    assert (
        'Batch job_8f2 is still "running" after 60 s and was not cancelled. '
        'Resume: client.auto_annotate.get_batch("job_8f2")'
    ) == str(error)
    assert ("job_8f2", "job_8f2", None, None, 60, 60.0) == (
        error.resource_id,
        error.job_id,
        error.run_id,
        error.import_id,
        error.timeout,
        error.elapsed,
    )
    assert ("running", 2) == (error.last_result["status"], error.last_result["processed_images"])
    assert ["The job was not cancelled. Re-poll with `client.auto_annotate.get_batch(e.job_id)`."] == error.__notes__
    assert 60.0 == pytest.approx(sum(backend.clock.waits()))
    assert all(place.startswith("GET ") for place in backend.places)


@every_colour
def test_poll_timeout_pickles(colour: str) -> None:
    """
    The timeout works in another process, its hint included.
    """
    with pytest.raises(PollTimeoutError) as caught:
        Backend(job("running")).ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1", timeout=5))
    loaded = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes

    assert (str(caught.value), "job_1", caught.value.case) == (str(loaded), loaded.job_id, loaded.case)


@every_colour
def test_longer_intervals_stay(colour: str) -> None:
    """
    An interval above 10 s is kept, and not cut to 10.
    """
    backend = Backend(*[job("running")] * 3, job())
    backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1", poll_interval=30))

    assert [30.0, 30.0, 30.0] == backend.clock.waits()


TIMEOUTS = [-1, -0.5, float("nan"), -float("inf"), "60", None, True]
WAITS = {
    "auto_annotate.wait_for_batch": lambda client, timeout: client.auto_annotate.wait_for_batch("j", timeout=timeout),
    "auto_annotate.batch": lambda client, timeout: client.auto_annotate.batch(
        "ds", ["x"], ["c"], wait=True, timeout=timeout
    ),
    "connectors.wait_for_import": lambda client, timeout: client.connectors.wait_for_import("i", timeout=timeout),
    "connectors.import_": lambda client, timeout: client.connectors.import_("p", [], wait=True, timeout=timeout),
    "training.wait_for_completion": lambda client, timeout: client.training.wait_for_completion("r", timeout=timeout),
    "training.create": lambda client, timeout: client.training.create("ds", "exp", wait=True, timeout=timeout),
}


@every_colour
@pytest.mark.parametrize("timeout", TIMEOUTS)
@pytest.mark.parametrize("wait", WAITS)
def test_timeouts_that_make_no_sense(wait: str, timeout: Any, colour: str) -> None:
    """
    A timeout that is no number of seconds from 0 is refused before anything is started or asked.
    """
    backend = Backend(job())
    with pytest.raises(ConfigurationError) as caught:
        backend.ask(colour, lambda client: WAITS[wait](client, timeout))

    assert f"timeout is {timeout!r}; it must be a number of seconds from 0." == str(caught.value)
    assert [] == backend.asked


@every_colour
def test_no_time(colour: str) -> None:
    """
    A timeout of 0 means one look.
    """
    backend = Backend(job("running"))
    with pytest.raises(PollTimeoutError, match="after 0 s"):
        backend.ask(colour, lambda client: client.auto_annotate.wait_for_batch("job_1", timeout=0))

    assert ([f"GET {API}/auto-annotate/batch/job_1"], []) == (
        [f"{each.method} {each.url.path}" for each in backend.asked],
        backend.clock.waits(),
    )
