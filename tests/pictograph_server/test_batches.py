from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from failwell.server import JobsDownError
from pictograph.exceptions import ForbiddenError, NotFoundError, PaymentRequiredError, ServerError, ValidationError
from pictograph_server import Settings, Store, credit_balance, set_credits
from tests.idle_jobs import IdleJobs

from .api import Api, MovableClock
from .idle_jobs import idle
from .job_data import CLASSES, circle, drive_batch, stock
from .test_recorded_wire import answers

MISSING = "0a6e1b53-54b5-4f5e-9e54-0d6a2f6f3c11"
RECORDED = {
    "job_id": "job_1",
    "status": "running",
    "progress": 0,
    "total_images": 0,
    "processed_images": 0,
    "total_annotations_added": 0,
    "failed_images": 0,
    "estimated_credits": 0,
}


@pytest.fixture
def api(store: Store, clock: MovableClock, serve: Callable[[Settings], Api]) -> Api:
    """A server on which "acme" has 100 credits, and two pictures of a circle in "ds"."""
    set_credits(store, "acme", 100)
    stock(store, clock, {"x.png": circle(), "train/x.png": circle()})
    return serve(Settings())


@pytest.fixture
def jobs(api: Api) -> Iterator[IdleJobs]:
    """The jobs of the server, which nobody does."""
    with idle(api) as jobs:
        yield jobs


def start(api: Api, *images: str, **more: Any) -> Any:
    """A batch on *images* of "ds"."""
    classes = [{"name": "circle", "output_type": "bbox"}]
    body = {"dataset_name": "ds", "image_filenames": list(images or ["x.png"]), "classes": classes, **more}
    return api.post("/auto-annotate/batch", body)


def problems(api: Api, **more: Any) -> list[tuple[list[Any], str]]:
    """Where a start is refused, and as what."""
    with pytest.raises(ValidationError) as caught:
        start(api, **more)
    return [(entry["loc"], entry["type"]) for entry in caught.value.errors]


def test_what_the_published_client_sends(api: Api, jobs: IdleJobs, clock: MovableClock) -> None:
    """
    Start, look, and cancel as the published client does are answered with all that it needs.
    """
    body = {
        "dataset_name": "ds",
        "image_filenames": ["x.png"],
        "classes": [{"name": "circle", "output_type": "bbox"}],
        "confidence_threshold": 0.5,
        "top_k": 1,
    }

    started = api.post("/auto-annotate/batch", body)
    seen = api.get(f"/auto-annotate/batch/{started['job_id']}")
    done = drive_batch(api.store, clock, started["job_id"])
    cancelled = api.send("POST", f"/auto-annotate/batch/{started['job_id']}/cancel")

    assert all(answers(answer, RECORDED) for answer in (started, seen, cancelled[1]))
    assert ("pending", None, None, None) == tuple(
        started[field] for field in ("status", "error_message", "error", "completed_at")
    )
    assert (started, 1, "completed", "completed") == (seen, jobs.nudges, done.status, cancelled[1]["status"])


def test_images_by_path_and_id(api: Api, jobs: IdleJobs) -> None:
    """
    An image is named by its path or its id; one that is named twice is annotated once.
    """
    by_id = api.get("/annotations/ds/train/x.png")["image_id"]

    assert 2 == start(api, "x.png", "train/x.png", by_id, "/x.png")["total_images"]
    assert 1 == jobs.nudges


def test_missing_image(api: Api, jobs: IdleJobs) -> None:
    """
    An image that is not there is a NotFoundError that names the first; nothing is started.
    """
    with pytest.raises(NotFoundError, match=r'no image "y\.png"'):
        start(api, "x.png", "y.png", "z.png")

    assert (0, 0) == (jobs.nudges, _count(api))


@pytest.mark.usefixtures("jobs")
def test_missing_dataset(api: Api) -> None:
    """
    A dataset that is not there is a NotFoundError, which hints at one that differs by case; so is a foreign one.
    """
    with pytest.raises(NotFoundError, match='there is "ds"'):
        start(api, dataset_name="DS")
    with pytest.raises(NotFoundError, match='no dataset "ds"'):
        start(api.as_("globex"))


@pytest.mark.usefixtures("jobs")
def test_classes_without_colour(api: Api) -> None:
    """
    A class without a colour, and one that comes twice, are a ValidationError that names the class and what to do.
    """
    classes = [
        {"name": "thing"},
        {"name": "circle"},
        {"name": "red thing"},
        {"name": "circle"},
        {"name": "circle", "output_type": "tag"},
    ]

    with pytest.raises(ValidationError) as caught:
        start(api, classes=classes)

    assert [(["body", "classes", 0, "name"], "no_color"), (["body", "classes", 3, "name"], "duplicate_class")] == [
        (entry["loc"], entry["type"]) for entry in caught.value.errors
    ]
    expected = 'The class "thing" has no colour to look for. Use a class to which the dataset gives a `color`, or put a'
    assert f'{expected} CSS colour into its name, as in "red circle"' == caught.value.errors[0]["msg"]


@pytest.mark.parametrize(
    ("more", "loc"),
    [
        ({"image_filenames": []}, ["image_filenames"]),
        ({"image_filenames": [""]}, ["image_filenames", 0]),
        ({"classes": []}, ["classes"]),
        ({"classes": [{"name": "circle", "output_type": "mask"}]}, ["classes", 0, "output_type"]),
        ({"classes": [{"name": "circle", "prompt": "x"}]}, ["classes", 0, "prompt"]),
        ({"classes": ["circle"]}, ["classes", 0]),
        ({"classes": [{"name": f"red {number}"} for number in range(51)]}, ["classes"]),
        ({"confidence_threshold": 1.1}, ["confidence_threshold"]),
        ({"confidence_threshold": -0.1}, ["confidence_threshold"]),
        ({"confidence_threshold": float("nan")}, ["confidence_threshold"]),
        ({"top_k": -1}, ["top_k"]),
        ({"top_k": 1.5}, ["top_k"]),
        ({"top_k": True}, ["top_k"]),
        ({"model": "sam3"}, ["model"]),
        ({"unknown": 1}, ["unknown"]),
    ],
)
@pytest.mark.usefixtures("jobs")
def test_malformed(api: Api, more: dict[str, Any], loc: list[Any]) -> None:
    """
    What makes no sense is a ValidationError that names the field; nothing is started.
    """
    assert [["body", *loc]] == [found for found, _ in problems(api, **more)]
    assert 0 == _count(api)


def test_slicing_is_accepted(api: Api, jobs: IdleJobs) -> None:
    """
    The client's options for slicing pictures are accepted; there is nothing that they could change.
    """
    assert "pending" == start(api, sahi=True, sahi_slice_size=640, model="color")["status"]
    assert 1 == jobs.nudges


@pytest.mark.usefixtures("jobs")
def test_viewer(api: Api) -> None:
    """
    A viewer may look at a batch, and neither start nor cancel one, nor ask for a price.
    """
    job = start(api)
    viewer = api.as_("acme", "viewer")

    assert job == viewer.get(f"/auto-annotate/batch/{job['job_id']}")
    for path in ("", f"/{job['job_id']}/cancel", "/quote"):
        with pytest.raises(ForbiddenError):
            viewer.post(f"/auto-annotate/batch{path}", {})


def test_no_credits(api: Api, jobs: IdleJobs) -> None:
    """
    Who cannot pay for a single image is refused at once, with what the whole batch costs; nothing is started.
    """
    set_credits(api.store, "acme", 0)

    with pytest.raises(PaymentRequiredError, match=r"Annotating 2 images costs 2 credits, 0 are left") as caught:
        start(api, "x.png", "train/x.png")

    error = caught.value
    assert (2, 0, "https://pictograph.io/billing") == (error.required, error.remaining, error.upgrade_url)
    assert (0, 0) == (jobs.nudges, _count(api))


@pytest.mark.usefixtures("jobs")
def test_some_credits(api: Api) -> None:
    """
    Who can pay for one image may start; nothing is taken before an image is annotated.
    """
    set_credits(api.store, "acme", 1)

    job = start(api, "x.png", "train/x.png")

    assert (2, 0, 1) == (job["estimated_credits"], job["credits_charged"], credit_balance(api.store, "acme"))


def test_too_many_images(api: Api, serve: Callable[[Settings], Api]) -> None:
    """
    More images than a batch takes are a ValidationError with both numbers.
    """
    small = serve(Settings(max_batch_images=1))
    with idle(small) as jobs:
        with pytest.raises(ValidationError, match="takes at most 1 images, these are 2"):
            start(small, "x.png", "train/x.png")

        assert (1, 1) == (start(small, "x.png", "x.png")["total_images"], jobs.nudges)


def test_no_worker(api: Api, jobs: IdleJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While no worker can start, a batch is refused with 503 and without a word about the inside; none is made.
    """

    def admit() -> None:
        raise JobsDownError("/srv/data", "ModuleNotFoundError: No module named 'secret'")

    monkeypatch.setattr(jobs, "admit", admit)

    with pytest.raises(ServerError, match="Jobs cannot be started at the moment") as refused:
        start(api)

    assert (503, False) == (refused.value.status_code, "secret" in str(refused.value))
    assert (0, 0) == (jobs.nudges, _count(api))


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/auto-annotate/batch", {"dataset_name": "ds", "classes": [{"name": "circle"}]}),
        ("/auto-annotate/batch/quote", {"dataset_name": "ds"}),
        ("/auto-annotate/batch/quote", {}),
    ],
)
@pytest.mark.parametrize("names", [["x.png"] * 1_000_000, [f"{number}.png" for number in range(10_001)]])
def test_named_too_often(api: Api, jobs: IdleJobs, path: str, more: dict[str, Any], *, names: list[str]) -> None:
    """
    A batch that names a picture a million times is refused before anything is looked up, so nobody waits for it.
    """
    statements: list[str] = []
    with closing(Store(api.store.folder.path, trace=statements.append)) as store:
        api.app.state.services = dataclasses.replace(api.app.state.services, store=store)
        statements.clear()  # those that open the file
        with pytest.raises(ValidationError, match=rf"at most 5000 images, named 10000 times at most; .* {len(names)} "):
            api.post(path, {"image_filenames": names, **more})
        looked = [statement for statement in statements if "images" in statement]

    assert ([], 0) == (looked, jobs.nudges)


@pytest.mark.usefixtures("jobs")
def test_cancel(api: Api) -> None:
    """
    Cancelling ends a batch at once; cancelling again changes nothing.
    """
    job = start(api)

    cancelled = api.send("POST", f"/auto-annotate/batch/{job['job_id']}/cancel")
    api.clock.now += 60

    assert (200, "cancelled") == (cancelled[0], cancelled[1]["status"])
    assert cancelled == api.send("POST", f"/auto-annotate/batch/{job['job_id']}/cancel")


def test_foreign_is_missing(api: Api, clock: MovableClock) -> None:
    """
    Somebody else's batch answers like one that does not exist, by the same statements, and is not cancelled.
    """
    with idle(api):
        job_id = start(api)["job_id"]
    seen: list[str] = []
    store = Store(api.store.folder.path, trace=seen.append)
    stranger = Api(store, clock, Settings()).as_("globex")
    told: dict[str, list[str]] = {}

    for wanted in (job_id, MISSING, "job_1"):
        seen.clear()
        messages = []
        for method, path in (("GET", wanted), ("POST", f"{wanted}/cancel")):
            with pytest.raises(NotFoundError) as caught:
                stranger.send(method, f"/auto-annotate/batch/{path}")
            messages.append(caught.value.message)
        told[wanted] = [text.replace(wanted, "ID") for text in (*messages, *seen)]
    store.close()

    assert told[job_id] == told[MISSING] == told["job_1"]
    assert 'There is no batch "ID". Verify the id that starting it returned.' == told[job_id][0]
    assert "pending" == api.get(f"/auto-annotate/batch/{job_id}")["status"]


def test_quote(api: Api) -> None:
    """
    A quote counts images once each, with those that are still to come, and takes nothing.
    """
    body = {"image_filenames": ["x.png", "x.png", "train/x.png"], "projected": [], "classes": [], "dataset_name": "ds"}

    quote = api.post("/auto-annotate/batch/quote", body)
    more = api.post("/auto-annotate/batch/quote", body | {"projected": [{"count": 99, "width": 5, "height": 5}]})

    assert {
        "total_images": 2,
        "estimated_credits": 2,
        "remaining_credits": 100,
        "sufficient": True,
        "max_images": 5000,
        "exceeds_max_images": False,
    } == quote
    assert (101, 101, False) == (more["total_images"], more["estimated_credits"], more["sufficient"])
    assert 100 == credit_balance(api.store, "acme")


def test_quote_without_dataset(api: Api) -> None:
    """
    Without a dataset the images are only counted; more than a batch takes are told of.
    """
    quote = api.post("/auto-annotate/batch/quote", {"image_filenames": ["a", "b"], "projected": [{"count": 5000}]})

    assert (5002, True, False) == (quote["total_images"], quote["exceeds_max_images"], quote["sufficient"])


def test_quote_refuses_what_a_start_refuses(api: Api) -> None:
    """
    A quote with a dataset tells of missing images and of classes without a colour, like a start.
    """
    with pytest.raises(NotFoundError, match=r'no image "y\.png"'):
        api.post("/auto-annotate/batch/quote", {"dataset_name": "ds", "image_filenames": ["y.png"]})
    with pytest.raises(ValidationError, match="has no colour"):
        api.post("/auto-annotate/batch/quote", {"dataset_name": "ds", "classes": [{"name": "thing"}]})


def test_classes_of_the_dataset(api: Api) -> None:
    """
    The colours of the dataset's classes are those that its creation gave them.
    """
    assert CLASSES == [
        {"name": entry["name"], "color": entry["color"]} for entry in api.get("/datasets/ds")["data"]["classes"]
    ]


def _count(api: Api) -> int:
    with api.store.reading() as db:
        return int(db.execute("SELECT count(*) FROM batches").fetchone()[0])
