"""The sentences of Pictograph's page on errors, each with the check that holds it.

`failwell check pictograph` runs them; `tests/documented` holds every remaining line of the page.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from failwell.conformance import (
    Agreement,
    Bench,
    Call,
    Calls,
    ClassAdapter,
    Observation,
    Promises,
    burst,
    expect_equal,
    universal_promises,
)
from failwell.sandbox import Answer, Close, Cut, Drip, DropReply, Reset, Sandbox, Silence
from pictograph import exceptions
from pictograph.client import AsyncClient, Client
from pictograph.workflows import train_pipeline

ADAPTER = ClassAdapter(
    {"blocking": Client, "awaiting": AsyncClient},
    {name: getattr(exceptions, name) for name in exceptions.__all__ if name != "CATALOGUE"},
    {"train_pipeline": train_pipeline},
)

INTRODUCTION = "Error handling"
HIERARCHY = "Hierarchy"
FIRES = "When each fires"
RETRY = "Retry behavior"
PAYMENT = "PaymentRequiredError details"
VALIDATION = "ValidationError details"
POLLING = "PollTimeoutError + recovery"
IDEMPOTENCY = "Idempotency"
LIMITS = "Rate limits"

DOCUMENTED = tuple(name for name in exceptions.__all__ if name.endswith("Error"))
"""The classes that the page names."""

LONG = {"epochs": 2_500}
"""A training configuration that outlasts a wait, if the machine is not too busy: then it is tried again."""


def _list(client: Any) -> Any:
    return client.datasets.list()


def _create_dataset(name: str, client: Any) -> Any:
    return client.datasets.create(name)


def _create(client: Any) -> Any:
    return client.training.create("ds", "exp", pipeline_type="yolox")


def _save(image: str, annotation: dict[str, Any], client: Any) -> Any:
    return client.annotations.save(image, [annotation])


def _first_image(bench: Bench) -> str:
    images = bench.call(lambda client: client.images.list("ds", limit=1)).returned()
    return str(images[0].id)


@contextmanager
def _picture(name: str = "x.png") -> Generator[Path]:
    """A small picture of its own in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(PNG)
        yield path


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""One red pixel."""


FAILURES: Sequence[tuple[str, Callable[[Bench], Observation]]] = (
    ("ConfigurationError", lambda bench: bench.call(_list, key="")),
    ("AuthError", lambda bench: bench.call(_list, key="pk_live_unknown")),
    ("NotFoundError", lambda bench: bench.call(lambda client: client.training.get("run_that_never_was"))),
    ("ConflictError", lambda bench: bench.call(lambda client: client.datasets.create("ds"))),
    ("NetworkError", lambda bench: bench.call(_list, base_url="http://127.0.0.1:1", max_retries=0)),
)
"""Failures of every source that the SDK has, each with the name of its class."""


def _late_run(bench: Bench) -> Observation:
    def late(client: Any) -> Any:
        return client.training.create("ds", "exp", config=LONG, wait=True, timeout=1e-3)

    return _late(functools.partial(bench.call, late))


def _late_batch(bench: Bench) -> Observation:
    images = [image.filename for image in bench.call(lambda client: client.images.list("ds", limit=8)).returned()]
    # Looking for one would be done before a poll is.
    classes = [{"name": f"red circle {number}"} for number in range(15)]

    def late(client: Any) -> Any:
        return client.auto_annotate.batch("ds", images, classes, wait=True, timeout=1e-3)

    return _late(functools.partial(bench.call, late))


def _late_import(bench: Bench) -> Observation:
    def brings(client: Any) -> Any:
        # One would be done before a poll is.
        name = f"shapes {uuid.uuid4().hex}"
        shapes = [{"id": "shapes", "name": f"{name} {number}"} for number in range(40)]
        return client.connectors.import_("folder", shapes, wait=True, timeout=1e-3)

    return _late(functools.partial(bench.call, brings))


def _late_wait(bench: Bench, *, timeout: float) -> tuple[str, Observation]:
    """The id of a run, and what a wait for it of *timeout* seconds ends in."""
    runs: list[str] = []

    def once() -> Observation:
        runs.append(bench.call(lambda client: client.training.create("ds", "exp", config=LONG)).returned().id)
        return bench.call(lambda client: client.training.wait_for_completion(runs[-1], timeout=timeout))

    seen = _late(once)
    return runs[-1], seen


def _late(once: Callable[[], Observation]) -> Observation:
    """What a wait that is too short ends in. On a busy machine, a small job may be done before the last look."""
    seen = once()
    for _ in range(9):
        if seen.error is None:
            seen = once()
    return seen


AGREEMENT = Agreement(
    Path(__file__).with_name("contract.snapshot.json"),
    call=_list,
    occasions={
        "configuration": lambda bench: bench.call(_list, key=""),
        "poll_timeout": _late_run,
        "batch_poll_timeout": _late_batch,
        "import_poll_timeout": _late_import,
    },
)
CALLS = Calls(
    reads=Call("datasets.list", "GET", _list),
    writes=Call("datasets.create", "POST", functools.partial(_create_dataset, "Faults"), keyed=True),
)
PROMISES = Promises(ADAPTER, AGREEMENT, CALLS)


@PROMISES(INTRODUCTION, "The exception hierarchy, when each error fires, and how to retry safely.", 2, 3, 4, 5)
def each_by_itself(bench: Bench) -> None:
    """Each documented class is there, and is caught by itself or by the base: by no other documented class."""
    for name, fail in FAILURES:
        caught = fail(bench).caught_by(DOCUMENTED)
        expect_equal(f"the documented classes that catch {name}", {name, "PictographError"}, set(caught))


@PROMISES(INTRODUCTION, "Every SDK error subclasses PictographError.", 7, 14)
def subclasses(bench: Bench) -> None:
    for name, fail in FAILURES:
        seen = fail(bench)
        seen.raised(bench.error(name))
        expect_equal(f"whether {name} is a PictographError", True, "PictographError" in seen.caught_by(DOCUMENTED))


@PROMISES(INTRODUCTION, "Catch the specific subclass; catch the base class to log and rethrow.", (7, 9))
def log_and_rethrow(bench: Bench) -> None:
    for _, fail in FAILURES:
        seen = fail(bench)
        text = str(seen.error)
        expect_equal("whether the text can be logged in one line", True, bool(text.strip()) and "\n" not in text)
        expect_equal("whether it names no key", False, bench.sandbox.keys["member"] in text)


@PROMISES(HIERARCHY, "Import from the top-level package", 30, (33, 38))
def importable(bench: Bench) -> None:
    names = [getattr(bench.error(name), "__name__", None) for name in DOCUMENTED]
    expect_equal("the names of the classes", list(DOCUMENTED), names)


@PROMISES(HIERARCHY, "ConfigurationError — missing API key, invalid base URL", 15)
def configuration_error(bench: Bench) -> None:
    bench.call(_list, key="").raised(bench.error("ConfigurationError"), status_code=None)
    bench.call(_list, base_url="api.pictograph.io").raised(bench.error("ConfigurationError"))
    bench.call(_list, timeout=-1).raised(bench.error("ConfigurationError"))
    bench.seen[-1].tried(0)


@PROMISES(HIERARCHY, "AuthError — 401 (bad / missing / revoked key)", 16)
def auth_error(bench: Bench) -> None:
    for key in ("pk_live_unknown", bench.sandbox.keys["revoked"]):
        seen = bench.call(_list, key=key)
        seen.raised(bench.error("AuthError"), status_code=401)
        seen.tried(1)


@PROMISES(HIERARCHY, "ForbiddenError — 403 (role lacks permission)", 17)
def forbidden_error(bench: Bench) -> None:
    seen = bench.call(lambda client: client.datasets.create("viewer's own"), role="viewer")
    seen.raised(bench.error("ForbiddenError"), status_code=403)
    seen.tried(1)


@PROMISES(HIERARCHY, "NotFoundError — 404 (resource missing)", 18)
def not_found_error(bench: Bench) -> None:
    seen = bench.call(lambda client: client.training.get("run_that_never_was"))
    seen.raised(bench.error("NotFoundError"), status_code=404)
    seen.tried(1)


@PROMISES(HIERARCHY, "ConflictError — 409 (duplicate name, optimistic-lock fail)", 19)
def conflict_error(bench: Bench) -> None:
    seen = bench.call(lambda client: client.datasets.create("ds"))
    seen.raised(bench.error("ConflictError"), status_code=409)
    image = _first_image(bench)
    box = {"name": "circle", "type": "bbox", "bounding_box": {"x": 8, "y": 8, "w": 24, "h": 24}}
    current = bench.call(lambda client: client.annotations.save(image, [box])).returned()
    stale = bench.call(lambda client: client.annotations.save(image, [box], version=current.version - 1))
    stale.raised(bench.error("ConflictError"), status_code=409)
    stale.tried(1)


@PROMISES(HIERARCHY, "ValidationError — 422 (payload shape rejected)", 20)
def validation_error(bench: Bench) -> None:
    seen = bench.call(lambda client: client.training.create("ds", "exp", pipeline_type="no such pipeline"))
    seen.raised(bench.error("ValidationError"), status_code=422)
    seen.tried(1)


@PROMISES(HIERARCHY, "PaymentRequiredError — 402 (out of credits)", 21)
def payment_required_error(bench: Bench) -> None:
    seen = bench.call(_create, role="broke")
    seen.raised(bench.error("PaymentRequiredError"), status_code=402)
    seen.tried(1)


@PROMISES(HIERARCHY, "RateLimitError — 429 (per-key rate cap hit)", 22)
def rate_limit_error(bench: Bench) -> None:
    _burst(bench.sandbox, "free")
    seen = bench.call(_list, role="free", max_retries=0)
    seen.raised(bench.error("RateLimitError"), status_code=429)
    expect_equal(
        "whether e.retry_after is a positive number of seconds", True, seen.attributes.get("retry_after", 0) > 0
    )
    bench.call(_list, role="viewer").returned()


@PROMISES(HIERARCHY, "ServerError — 5xx (transient backend failure)", 23)
def server_error(bench: Bench) -> None:
    for status in (500, 502, 503, 504, 599):
        bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=status))
        bench.call(_list, max_retries=0).raised(bench.error("ServerError"), status_code=status)


@PROMISES(HIERARCHY, "NetworkError — connection / DNS / TLS failure", 24)
def network_error(bench: Bench) -> None:
    bench.call(_list, base_url="http://127.0.0.1:1", max_retries=0).raised(bench.error("NetworkError"))
    bench.call(_list, base_url="http://no-such-host.invalid", max_retries=0).raised(bench.error("NetworkError"))
    plain_text = bench.sandbox.url.replace("http://", "https://")
    bench.call(_list, base_url=plain_text, max_retries=0).raised(bench.error("NetworkError"), status_code=None)


@PROMISES(HIERARCHY, "RequestTimeoutError — request exceeded the SDK's timeout budget", 25)
def request_timeout_error(bench: Bench) -> None:
    bench.sandbox.arm(Silence())
    bench.call(_list, timeout=0.2, max_retries=0).raised(bench.error("RequestTimeoutError"))
    # A byte every 50 ms never keeps a single read waiting, and yet the attempt is over after 0.3 s.
    bench.sandbox.arm(Drip(200, (("Content-Type", "application/json"),), b'{"data": []}' + b" " * 200, interval=0.05))
    bench.call(_list, timeout=0.3, max_retries=0).raised(bench.error("RequestTimeoutError"))


@PROMISES(HIERARCHY, "PollTimeoutError — long-running job (training, batch SAM3) didn't finish", 26)
def poll_timeout_error(bench: Bench) -> None:
    run_id, seen = _late_wait(bench, timeout=5.0)
    seen.raised(bench.error("PollTimeoutError"), run_id=run_id)
    expect_equal("virtual seconds waited", 5.0, round(sum(seen.waits), 1))


@PROMISES(HIERARCHY, "ApiError — catch-all for unmatched status codes", 27)
def api_error(bench: Bench) -> None:
    for status in (400, 408, 418, 307):
        bench.sandbox.arm(Answer(status, (("Content-Type", "text/html"), ("Location", "/elsewhere")), b"<h1>No</h1>"))
        seen = bench.call(_list)
        seen.raised(bench.error("ApiError"), status_code=status)
        seen.tried(1)


@PROMISES(FIRES, "ConfigurationError: PICTOGRAPH_API_KEY not set — Set the env var or pass api_key", 45)
def names_the_variable(bench: Bench) -> None:
    seen = bench.call(_list, key="")
    seen.raised(bench.error("ConfigurationError"))
    for word in ("PICTOGRAPH_API_KEY", "api_key"):
        expect_equal(f"whether the message names {word}", True, word in str(seen.error))


@PROMISES(FIRES, "AuthError (401): Key revoked / typo — Re-issue the key", 46)
def re_issue(bench: Bench) -> None:
    key = bench.sandbox.keys["member"]
    for bad in (bench.sandbox.keys["revoked"], key[:-1], key.replace("pk_live_", "pk_test_")):
        bench.call(_list, key=bad).raised(bench.error("AuthError"), status_code=401)
    bench.call(_list, key=key).returned()


@PROMISES(FIRES, "ForbiddenError (403): `viewer` key calling a write op — Use a `member`+ key", 47)
def viewers_do_not_write(bench: Bench) -> None:
    for role in ("viewer", "member", "admin"):
        bench.call(_list, role=role).returned()
        seen = bench.call(functools.partial(_create_dataset, f"by {role} {bench.colour}"), role=role)
        if role == "viewer":
            seen.raised(bench.error("ForbiddenError"), status_code=403)
        else:
            seen.returned()


@PROMISES(FIRES, "NotFoundError (404): Dataset name typo (case-sensitive!)", 48)
def names_are_case_sensitive(bench: Bench) -> None:
    expect_equal(
        "the dataset found as 'ds'", "ds", bench.call(lambda client: client.datasets.get("ds")).returned().name
    )
    bench.call(lambda client: client.datasets.get("DS")).raised(bench.error("NotFoundError"), status_code=404)


@PROMISES(FIRES, "ConflictError (409): Same image filename in same folder", 49)
def same_filename(bench: Bench) -> None:
    with _picture(f"same-{bench.colour}.png") as path:
        bench.call(lambda client: client.images.upload("ds", path)).returned()
        again = bench.call(lambda client: client.images.upload("ds", path))
        again.raised(bench.error("ConflictError"), status_code=409)
        bench.call(lambda client: client.images.upload("ds", path, directory_path="/other")).returned()


@PROMISES(FIRES, "ValidationError (422): `class` instead of `name`, flat polygon array", 50)
def wrong_shapes(bench: Bench) -> None:
    image = _first_image(bench)
    box = {"x": 8, "y": 8, "w": 24, "h": 24}
    with_class = {"class": "person", "type": "bbox", "bounding_box": box}
    flat = {"name": "person", "type": "polygon", "polygon": [1, 1, 20, 1, 20, 20]}
    for wrong in (with_class, flat):
        seen = bench.call(functools.partial(_save, image, wrong))
        seen.raised(bench.error("ValidationError"), status_code=422)


@PROMISES(FIRES, "PaymentRequiredError (402): Out of credits mid-operation — Show `e.upgrade_url` to the user", 51)
def out_of_credits_mid_operation(bench: Bench) -> None:
    train = bench.function("train_pipeline")
    seen = bench.call(lambda client: train(client, "ds"), role="broke")
    seen.raised(bench.error("PaymentRequiredError"), status_code=402)
    made = [f"{entry.method} {entry.path.rpartition('/developer')[2]} {entry.outcome}" for entry in seen.requests]
    expect_equal("the requests", ["POST /exports/ passed 201", "POST /training/ passed 402"], made)
    expect_equal("whether there is a URL", True, str(seen.attributes.get("upgrade_url")).startswith("https://"))


@PROMISES(FIRES, "RateLimitError (429): SDK auto-retries when `Retry-After < 120s`; otherwise raise", 52)
def waits_below_the_cap(bench: Bench) -> None:
    bench.sandbox.next(exceptions.RateLimitError("Slow down", retry_after=119))
    seen = bench.call(_list)
    seen.returned()
    seen.waited([119], over=0.25)
    bench.sandbox.next(exceptions.RateLimitError("Slow down", retry_after=3600))
    seen = bench.call(_list)
    seen.raised(bench.error("RateLimitError"), retry_after=3600)
    seen.tried(1)
    seen.waited([])


@PROMISES(FIRES, "ServerError (5xx): SDK retries with exponential backoff; persistent failure surfaces", 53)
def persistent_failure_surfaces(bench: Bench) -> None:
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503), times=2)
    seen = bench.call(_list)
    seen.returned()
    seen.tried(3)
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503), times=4)
    seen = bench.call(_list)
    seen.raised(bench.error("ServerError"), status_code=503, message="The backend is down")
    seen.tried(4)


@PROMISES(FIRES, "NetworkError: Connection dropped — Retry idempotent ops; investigate non-idempotent", 54)
def connection_dropped(bench: Bench) -> None:
    for step in (Close(), Reset(), Cut(200, (("Content-Type", "application/json"),), b'{"data": []}', after=5)):
        bench.sandbox.arm(step)
        seen = bench.call(_list)
        seen.returned()
        seen.tried(2)


@PROMISES(FIRES, "PollTimeoutError: Training run exceeded `timeout` — Re-poll with `client.training.get(run_id)`", 55)
def re_poll(bench: Bench) -> None:
    run_id, seen = _late_wait(bench, timeout=1.0)
    seen.raised(bench.error("PollTimeoutError"))
    again = bench.call(lambda client: client.training.get(seen.attributes["run_id"])).returned()
    expect_equal("the run found again", run_id, again.id)


@PROMISES(RETRY, "5xx responses — up to 3 retries, backoff 1s → 2s → 4s.", 59, 61)
def backoff(bench: Bench) -> None:
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=500), times=4)
    seen = bench.call(_list)
    seen.raised(bench.error("ServerError"), status_code=500)
    seen.tried(4)
    seen.waited([1, 2, 4], within=0.25)


@PROMISES(RETRY, "429 with Retry-After ≤ 120s — auto-waits then retries.", 62)
def auto_waits(bench: Bench) -> None:
    bench.sandbox.next(exceptions.RateLimitError("Slow down", retry_after=2), times=2)
    bench.sandbox.next(exceptions.RateLimitError("Slow down", retry_after=120))
    seen = bench.call(_list)
    seen.returned()
    seen.waited([2, 2, 120], over=0.25)
    bench.sandbox.next(exceptions.RateLimitError("Slow down", retry_after=121))
    seen = bench.call(_list)
    seen.raised(bench.error("RateLimitError"), retry_after=121)
    seen.tried(1)


@PROMISES(RETRY, "Network errors (connection reset, DNS blip) — same 3-retry policy.", 63)
def network_retries(bench: Bench) -> None:
    bench.sandbox.next(exceptions.NetworkError("reset"), times=4)
    seen = bench.call(_list)
    seen.raised(bench.error("NetworkError"))
    seen.tried(4)
    seen.waited([1, 2, 4], within=0.25)
    blip = bench.call(_list, base_url="http://no-such-host.invalid")
    blip.raised(bench.error("NetworkError"))
    blip.waited([1, 2, 4], within=0.25)


@PROMISES(
    RETRY,
    "Idempotency — retried requests inherit the original Idempotency-Key header, so the backend dedupes.",
    (64, 65),
)
def retries_keep_the_key(bench: Bench) -> None:
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503), times=2)
    seen = bench.call(lambda client: client.datasets.create(f"kept {bench.colour}"))
    seen.returned()
    seen.tried(3)
    expect_equal("different keys over 3 attempts", 1, len(set(seen.keys())))
    expect_equal("whether every attempt had one", True, all(seen.keys()))


@PROMISES(RETRY, "Override on the Client: Client(timeout=30.0, max_retries=5)", 67, 70)
def override(bench: Bench) -> None:
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503), times=6)
    seen = bench.call(_list, timeout=30.0, max_retries=5)
    seen.raised(bench.error("ServerError"))
    seen.tried(6)
    # The page stops at 4 s; what comes after is each SDK's own.
    dataclasses.replace(seen, waits=seen.waits[:3]).waited([1, 2, 4], within=0.25)
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503))
    bench.call(_list, max_retries=0).tried(1)


@PROMISES(RETRY, "What is not transient is not retried: 400, 401, 402, 403, 404, 409, 422")
def not_retried(bench: Bench) -> None:
    for error in (
        exceptions.ApiError("Bad request"),
        exceptions.AuthError("Bad key"),
        exceptions.PaymentRequiredError("Out of credits"),
        exceptions.ForbiddenError("Not you"),
        exceptions.NotFoundError("Nothing there"),
        exceptions.ConflictError("Taken"),
        exceptions.ValidationError("Bad shape"),
    ):
        bench.sandbox.next(error)
        seen = bench.call(_create)
        seen.raised(bench.error(type(error).__name__), message=error.message)
        seen.tried(1)


@PROMISES(
    PAYMENT, "required, remaining, and upgrade_url are populated from the backend's detail block", (76, 82), (85, 87)
)
def payment_details(bench: Bench) -> None:
    seen = bench.call(_create, role="broke")
    seen.raised(bench.error("PaymentRequiredError"), remaining=3)
    expect_equal("whether it costs more than 3", True, seen.attributes.get("required", 0) > 3)
    expect_equal("whether there is a URL", True, str(seen.attributes.get("upgrade_url")).startswith("https://"))
    seen.tried(1)
    seen.waited([])


@PROMISES(PAYMENT, "fall back to plain str(e) if you only need a user-facing message", (85, 87))
def payment_message(bench: Bench) -> None:
    bench.sandbox.next(exceptions.PaymentRequiredError("You need 7 more credits.", required=10, remaining=3))
    seen = bench.call(_create)
    seen.raised(bench.error("PaymentRequiredError"), required=10, remaining=3)
    expect_equal("str(e)", "You need 7 more credits.", str(seen.error))


@PROMISES(VALIDATION, "The backend returns a structured body listing every offending field", 91)
def every_field(bench: Bench) -> None:
    image = _first_image(bench)
    wrong = [{"class": "person", "type": "bbox"}, {"name": "car", "type": "bbox", "bounding_box": {"x": 1}}]
    seen = bench.call(lambda client: client.annotations.save(image, wrong))
    seen.raised(bench.error("ValidationError"), status_code=422)
    errors = getattr(seen.error, "errors", None)
    expect_equal("whether e.errors lists fields", True, isinstance(errors, list) and len(errors) >= 3)
    for entry in errors or []:
        expect_equal("the keys of an entry", {"loc", "msg", "type"}, set(entry))
    places = {str(part) for entry in errors or [] for part in entry["loc"]}
    expect_equal("whether both annotations are named", True, {"0", "1", "class", "bounding_box"} <= places)


@PROMISES(VALIDATION, "print(e) is a human-readable summary, e.errors a list of {loc, msg, type}", (94, 100))
def summary(bench: Bench) -> None:
    image = _first_image(bench)
    seen = bench.call(lambda client: client.annotations.save(image, [{"class": "person", "type": "bbox"}]))
    seen.raised(bench.error("ValidationError"))
    expect_equal("whether str(e) is a sentence", True, " " in str(seen.error) and "{" not in str(seen.error))
    expect_equal("the type of e.errors", list, type(getattr(seen.error, "errors", None)))


@PROMISES(VALIDATION, "the backend rejects any annotation that uses `class`", (103, 104))
def class_is_rejected(bench: Bench) -> None:
    image = _first_image(bench)
    box = {"x": 8, "y": 8, "w": 24, "h": 24}
    both = {"class": "person", "name": "person", "type": "bbox", "bounding_box": box}
    seen = bench.call(lambda client: client.annotations.save(image, [both]))
    seen.raised(bench.error("ValidationError"), status_code=422)
    named = [entry for entry in getattr(seen.error, "errors", []) if "class" in entry["loc"]]
    expect_equal("entries that point at `class`", 1, len(named))


@PROMISES(POLLING, "accept a timeout arg and raise PollTimeoutError when it elapses", (108, 110))
def timeout_elapses(bench: Bench) -> None:
    train = bench.function("train_pipeline")
    seen = _late(lambda: bench.call(lambda client: train(client, "ds", pipeline="yolox", timeout=6.0, config=LONG)))
    seen.raised(bench.error("PollTimeoutError"))
    expect_equal("virtual seconds waited", 6.0, round(sum(seen.waits), 1))


@PROMISES(POLLING, "batch auto-annotate and large dataset imports raise PollTimeoutError too", (108, 110))
def other_jobs(bench: Bench) -> None:
    batch = _late_batch(bench)
    batch.raised(bench.error("PollTimeoutError"))
    job_id = batch.attributes["job_id"]
    done = bench.call(lambda client: client.auto_annotate.wait_for_batch(job_id, timeout=1e6)).returned()
    expect_equal("the batch's status in the end", "completed", done.status)
    late = _late_import(bench)
    late.raised(bench.error("PollTimeoutError"))
    import_id = late.attributes["import_id"]
    brought = bench.call(lambda client: client.connectors.wait_for_import(import_id, timeout=1e6)).returned()
    expect_equal("the import's status in the end", "completed", brought.status)


@PROMISES(POLLING, "The job is not cancelled — it keeps running on the backend", (110, 111))
def not_cancelled(bench: Bench) -> None:
    seen = _late_run(bench)
    seen.raised(bench.error("PollTimeoutError"))
    run_id = seen.attributes["run_id"]
    run = bench.call(lambda client: client.training.wait_for_completion(run_id, timeout=1e6)).returned()
    expect_equal("the run's status in the end", "completed", run.status)


@PROMISES(POLLING, "most poll errors carry the resource ID; pick up later with training.get and models.get", (114, 123))
def pick_up_later(bench: Bench) -> None:
    train = bench.function("train_pipeline")
    seen = _late(lambda: bench.call(lambda client: train(client, "ds", timeout=1e-3, config=LONG)))
    seen.raised(bench.error("PollTimeoutError"))
    run_id = seen.attributes["run_id"]
    run = bench.call(lambda client: client.training.wait_for_completion(run_id, timeout=1e6)).returned()
    model = bench.call(lambda client: client.models.get(run.model_id)).returned()
    expect_equal("the model's id", run.model_id, model.id)


@PROMISES(POLLING, "A transient error of one poll does not end the wait")
def polling_survives(bench: Bench) -> None:
    run = bench.call(_create).returned()
    bench.sandbox.next(exceptions.ServerError("The backend is down", status_code=503), times=5)
    done = bench.call(lambda client: client.training.wait_for_completion(run.id, timeout=1e6)).returned()
    expect_equal("the run's status in the end", "completed", done.status)


@PROMISES(IDEMPOTENCY, "For mutating ops the SDK auto-generates an Idempotency-Key header", (128, 129))
def generates_a_key(bench: Bench) -> None:
    first = bench.call(lambda client: client.datasets.create(f"keyed {bench.colour}"), max_retries=0)
    second = bench.call(lambda client: client.datasets.create(f"keyed too {bench.colour}"), max_retries=0)
    first.returned()
    second.returned()
    expect_equal("whether both had one", True, all((*first.keys(), *second.keys())))
    expect_equal("whether they differ", True, first.keys() != second.keys())
    expect_equal("the key of a reading op", ("",), bench.call(_list).keys())


@PROMISES(IDEMPOTENCY, "so retries are safe", (128, 129))
def retries_are_safe(bench: Bench) -> None:
    name = f"made once {bench.colour}"
    # The reply is lost after the backend has done the work: the retry must get the first answer, not a conflict.
    bench.sandbox.arm(DropReply(), method="POST", path="*/datasets/")
    seen = bench.call(lambda client: client.datasets.create(name))
    seen.returned()
    seen.tried(2)
    expect_equal(
        "what became of the first try and the retry", ["lost 201", "passed 201"], [e.outcome for e in seen.requests]
    )
    key = f"again-{bench.colour}"
    made = bench.call(lambda client: client.datasets.create(f"{name} again", idempotency_key=key)).returned()
    again = bench.call(lambda client: client.datasets.create(f"{name} again", idempotency_key=key)).returned()
    expect_equal("the id of the replayed dataset", made.id, again.id)


@PROMISES(IDEMPOTENCY, 'Override per-call: idempotency_key="upload-x-jpg-2026-04-19"', 129, (132, 136))
def own_key(bench: Bench) -> None:
    key = f"upload-x-jpg-2026-04-19-{bench.colour}"
    with _picture(f"own-key-{bench.colour}.png") as path:
        upload = lambda client: client.images.upload(dataset_id="ds", file_path=path, idempotency_key=key)  # noqa: E731
        first = bench.call(upload)
        expect_equal("the keys sent", (key, "", key), first.keys())
        expect_equal("the id of a second upload", first.returned().id, bench.call(upload).returned().id)


@PROMISES(IDEMPOTENCY, "Backend dedupes within 24h.", 139)
def within_a_day(bench: Bench) -> None:
    key, name = f"daily-{bench.colour}", f"daily {bench.colour}"
    create = lambda client: client.datasets.create(name, idempotency_key=key)  # noqa: E731
    first = bench.call(create).returned()
    bench.clock.advance(23.9 * 3600)
    expect_equal("the dataset after 23.9 h", first.id, bench.call(create).returned().id)
    bench.clock.advance(0.2 * 3600)
    late = bench.call(create)
    late.raised(bench.error("ConflictError"), status_code=409)


@PROMISES(
    IDEMPOTENCY,
    "Reusing the same key with a different body returns 409 ConflictError (error_code: idempotency_conflict).",
    (139, 140),
)
def other_body(bench: Bench) -> None:
    key = f"reused-{bench.colour}"
    bench.call(lambda client: client.datasets.create(f"body one {bench.colour}", idempotency_key=key)).returned()
    seen = bench.call(lambda client: client.datasets.create(f"body two {bench.colour}", idempotency_key=key))
    seen.raised(bench.error("ConflictError"), status_code=409, error_code="idempotency_conflict")
    seen.tried(1)


@PROMISES(LIMITS, "See Rate limits for the per-tier limits and burst behaviour.", (142, 143))
def tiers(bench: Bench) -> None:
    free, pro, enterprise = _bursts(bench.sandbox)
    expect_equal("whether each tier may burst more than the one before", True, free < pro < enterprise)
    _burst(bench.sandbox, "free")
    waited = bench.call(_list, role="free")
    waited.returned()
    expect_equal("whether the SDK waited for its turn", True, 0 < sum(waited.waits) <= 120)


@functools.lru_cache(maxsize=1)
def _bursts(sandbox: Sandbox) -> tuple[int, int, int]:
    """How many calls each tier may make at once; of the highest, whether it is one more than the tier below.

    It is the server's doing, so once is enough for both colours.
    """
    pro = _burst(sandbox, "pro")
    return _burst(sandbox, "free"), pro, _burst(sandbox, "member", most=pro + 1)


def _burst(sandbox: Sandbox, role: str, *, most: int = 1000) -> int:
    """How many calls the key of *role* may make at once, of *most*."""
    return burst(sandbox, "/api/v1/developer/datasets/", {"X-API-Key": sandbox.key(role)}, most=most)


universal_promises(PROMISES, _list, FAILURES, write=lambda name: functools.partial(_create_dataset, name))
