"""How a client comes upon each failure: mostly of the reference server, which is asked for what it must refuse."""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from inspect import isawaitable
from itertools import count
from pathlib import Path
from struct import pack
from typing import Any

from failwell.conformance import Bench, Call, Calls, ClassAdapter, Observation, burst
from failwell.sandbox import Answer, Cut
from scopix import exceptions
from scopix.client import Scopix, ScopixSync

ADAPTER = ClassAdapter(
    {"blocking": ScopixSync, "awaiting": Scopix},
    {name: getattr(exceptions, name) for name in exceptions.__all__ if name.endswith("Error")},
)

JSON = (("Content-Type", "application/json"),)
STREAM = (("Content-Type", "text/event-stream"),)
NOWHERE = "http://127.0.0.1:1"
"""Where nobody listens."""
NO_BUCKET = "no-such-bucket"
LONG = 1e6
"""Seconds that outlast any job, on a clock where they cost nothing."""
LARGEST = 20 * 1024 * 1024
"""Bytes that a file may have."""
MANY = 99
"""More often than any call is tried."""

_made = count(1)

Flow = Generator[Any, Any, Any]


def in_turn(bench: Bench, flow: Callable[[Any], Flow]) -> Callable[[Any], Any]:
    """An action of several calls with one client: *flow* yields each, and gets what came of it."""

    def blocking(client: Any) -> Any:
        steps, came = flow(client), None
        while True:
            try:
                came = steps.send(came)
            except StopIteration as done:
                return done.value

    async def awaiting(client: Any) -> Any:
        steps = flow(client)
        try:
            step = steps.send(None)
            while True:
                try:
                    came = await step if isawaitable(step) else step
                except Exception as met:  # noqa: BLE001 - the flow decides what becomes of it
                    step = steps.throw(met)
                else:
                    step = steps.send(came)
        except StopIteration as done:
            return done.value

    return blocking if bench.colour == "blocking" else awaiting


def do(bench: Bench, flow: Callable[[Any], Flow], **how: Any) -> Observation:
    """What comes of *flow*, whose calls share one client."""
    return bench.call(in_turn(bench, flow), **how)


def picture() -> bytes:
    """A PNG of four pixels that no account has yet."""
    row = b"\0" + next(_made).to_bytes(3, "big") * 4

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", pack(">IIBBBBB", 4, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


@contextmanager
def a_file(name: str, content: bytes) -> Generator[Path]:
    """A file called *name* that no account has yet: *content*, and a number."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content + str(next(_made)).encode())
        yield path


def says(status: int, code: str | None = None, *, whole: bool = True, **details: Any) -> Answer:
    """A reply that claims to be *code*: in the *whole* envelope of the middleware, or in that of the handlers."""
    told = {"code": code, "message": "So it is."}
    body = {"error": {**told, "details": details}, "request_id": "req_1"} if whole else {"detail": {**told, **details}}
    return Answer(status, JSON, json.dumps(body if code is not None else {"detail": "So it is."}).encode())


def lists(client: Any) -> Any:
    """A call that reads."""
    return client.files.list()


def opens(client: Any, title: str = "Faults") -> Any:
    """A call that writes."""
    return client.chat.create_session(title)


def gets(client: Any) -> Any:
    """Ask for a file that never was."""
    return client.files.get("img_nonexistent")


def uploads(content: Any, *, describe: bool = False) -> Callable[[Any], Any]:
    """An action: upload *content*."""
    return lambda client: client.files.upload_batch(content, describe=describe, progress=False)


@lru_cache(maxsize=99)
def _met(bench: Bench, fail: Callable[[Bench], Observation]) -> Observation:
    return fail(bench)


def once(fail: Callable[[Bench], Observation]) -> Callable[[Bench], Observation]:
    """*fail*, which is gone once in each colour: all rows that look at this failure look at the same."""

    @wraps(fail)
    def met(bench: Bench) -> Observation:
        seen = _met(bench, fail)
        if seen not in bench.seen:
            bench.seen.append(seen)
        return seen

    return met


def unknown_key(bench: Bench) -> Observation:
    """A call with a key that nobody was given."""
    return bench.call(lists, key="sk_unknown")


def viewer(bench: Bench) -> Observation:
    """A call that writes, with a key that may only read."""
    return bench.call(opens, role="viewer")


def missing(bench: Bench) -> Observation:
    """A file that never was."""
    return bench.call(gets)


def invalid(bench: Bench) -> Observation:
    """A page of no files."""
    return bench.call(lambda client: client.files.list(limit=0))


def storage_full(bench: Bench) -> Observation:
    """An upload to an account that has no room for it."""
    return bench.call(uploads(picture()), role="full")


def used_up(bench: Bench) -> Observation:
    """An upload after the last one of the month, which this one is or was, as it happens to be early in it."""
    bench.call(uploads(picture()), role="used_up")
    return bench.call(uploads(picture()), role="used_up")


def past_due(bench: Bench) -> Observation:
    """A call of an account whose payment is past due."""
    return bench.call(lists, role="past_due")


def exhausts(bench: Bench) -> int:
    """Use up the limit of the key "free"; how many calls that took."""
    return burst(bench.sandbox, "/files", {"Authorization": f"Bearer {bench.sandbox.key('free')}"})


@once
def rate_limited(bench: Bench) -> Observation:
    """A call beyond the limit of its key."""
    exhausts(bench)
    return bench.call(lists, role="free", max_retries=0)


def _described(name: str) -> Callable[[Any], Flow]:
    """Upload a picture called *name*, and have it described now."""

    def flow(client: Any) -> Flow:
        results = yield uploads([(name, picture())])(client)
        return (yield client.files.describe(results[0].file.id))

    return flow


@once
def provider_slow(bench: Bench) -> Observation:
    """A description for which the vision provider takes too long."""
    return do(bench, _described("provider-slow.png"))


@once
def provider_down(bench: Bench) -> Observation:
    """A description while the vision provider is down."""
    return do(bench, _described("provider-down.png"))


def unreachable(bench: Bench) -> Observation:
    """A call to where nobody listens."""
    return bench.call(lists, base_url=NOWHERE, max_retries=0)


def circuit_open(bench: Bench) -> Observation:
    """A sixth call of an operation, after five that failed."""
    bench.sandbox.arm(says(503, "SERVICE_UNAVAILABLE"), times=5)
    return do(bench, lambda client: five_failures(bench, client), max_retries=0)


def five_failures(bench: Bench, client: Any) -> Flow:
    """Five calls that fail, and one more."""
    for _ in range(5):
        try:
            yield lists(client)
        except bench.error("ServerError"):
            continue
    return (yield lists(client))


def unreadable(bench: Bench) -> Observation:
    """An upload of a file that is not there."""
    return bench.call(uploads("no/such/cat.png"))


def unreadable_video(bench: Bench) -> Observation:
    """An upload of a video that is not there."""
    return bench.call(lambda client: client.video_analysis.upload("no/such/film.mp4"))


def incomplete(bench: Bench) -> Observation:
    """An upload of many files, one of which fails, which the results tell."""

    def flow(client: Any) -> Flow:
        results = yield uploads([picture(), b"no picture"])(client)
        return results.raise_on_failures()

    return do(bench, flow)


def changed(bench: Bench) -> Observation:
    """An upload of a video that goes on with another file than it began with."""
    bench.sandbox.arm(says(422, "VALIDATION_ERROR"), method="PUT", path="*/chunks/*")
    with a_file("clip.mp4", b"changes") as path:
        token = getattr(bench.call(sends(path)).error, "resume_token", None)
        path.write_bytes(b"changed")
        return bench.call(lambda client: client.video_analysis.upload(path, resume_token=token))


def no_picture(bench: Bench) -> Observation:
    """An upload of what is no picture."""
    return bench.call(uploads(b"no picture"))


@once
def too_large(bench: Bench) -> Observation:
    """An upload of a byte more than a file may have."""
    return bench.call(uploads(bytes(LARGEST + 1)))


@once
def duplicate(bench: Bench) -> Observation:
    """An upload of what the account has already."""
    content = picture()
    bench.call(uploads(content)).returned()
    return bench.call(uploads(content))


@once
def no_description(bench: Bench) -> Observation:
    """An upload whose description fails, which the results tell."""

    def flow(client: Any) -> Flow:
        results = yield uploads([("provider-down.png", picture())], describe=True)(client)
        results = yield client.files.wait_for_descriptions(results, timeout=LONG)
        return results.raise_on_failures()

    return do(bench, flow)


@once
def no_content(bench: Bench) -> Observation:
    """A question to an account without pictures and documents."""

    def flow(client: Any) -> Flow:
        session = yield opens(client)
        return (yield client.chat.ask(session.id, "What is there?"))

    return do(bench, flow, role="other")


@once
def responder_down(bench: Bench) -> Observation:
    """A question while the responder is down, to an account with a document."""
    with a_file("notes.txt", b"It is orange.") as path:

        def flow(client: Any) -> Flow:
            document = yield client.documents.upload(path)
            yield client.documents.wait_for_completion(document.id, timeout=LONG)
            session = yield opens(client)
            return (yield client.chat.ask(session.id, "responder-down: is it orange?"))

        return do(bench, flow)


@once
def broken_document(bench: Bench) -> Observation:
    """A wait for a document that is no text."""
    with a_file("broken.txt", b"\xff\xfd") as path:

        def flow(client: Any) -> Flow:
            document = yield client.documents.upload(path)
            return (yield client.documents.wait_for_completion(document.id, timeout=LONG))

        return do(bench, flow)


@once
def failed_import(bench: Bench) -> Observation:
    """A wait for an import from a bucket that is not there."""

    def flow(client: Any) -> Flow:
        connection = yield client.cloud_storage.create_connection("local", NO_BUCKET)
        return (yield client.cloud_storage.import_and_wait(connection.id, ["cat.png"], timeout=LONG))

    return do(bench, flow)


@once
def failed_copy(bench: Bench) -> Observation:
    """A wait for a job that copies a bucket that is not there."""

    def flow(client: Any) -> Flow:
        job = yield client.s3_connector.start_job(NO_BUCKET)
        return (yield client.s3_connector.wait_for_job(job_id=job.id, timeout=LONG))

    return do(bench, flow)


def chunk_lost(bench: Bench) -> Observation:
    """An upload of a video whose only chunk never reaches the server, which misses it at the end."""
    bench.sandbox.arm(Answer(200, JSON, b'{"received": 1, "chunks": 1}'), method="PUT", path="*/chunks/*")
    with a_file("clip.mp4", b"lost") as path:
        return bench.call(sends(path))


def sends(video: Path) -> Callable[[Any], Any]:
    """An action: upload a *video*."""
    return lambda client: client.video_analysis.upload(video)


@once
def failed_analysis(bench: Bench) -> Observation:
    """A wait for the analysis of what is no video."""
    with a_file("clip.mp4", b"no video") as path:

        def flow(client: Any) -> Flow:
            video = yield client.video_analysis.upload(path)
            job = yield client.video_analysis.analyze(video.media_id)
            return (yield client.video_analysis.wait_for_completion(job.id, timeout=LONG))

        return do(bench, flow)


@once
def stream_cut(bench: Bench) -> Observation:
    """An answer that is cut whenever it is asked for."""
    begun = b'id: 1\ndata: {"delta": "It "}\n\n'

    def flow(client: Any) -> Flow:
        session = yield opens(client)
        return (yield client.chat.ask(session.id, "What is there?"))

    bench.sandbox.arm(Cut(200, STREAM, begun * 2, after=len(begun)), times=MANY, path="*/events")
    seen = do(bench, flow)
    bench.sandbox.script.clear()
    return seen


TWENTY = "".join(f"{number} " for number in range(1, 21))


def stream_over_cuts(bench: Bench) -> Observation:
    """An answer of twenty pieces, which is cut after each of them, at another byte of the next."""
    pieces = [b'id: %d\ndata: {"delta": "%d "}\n\n' % (number, number) for number in range(1, 21)]
    end = b"data: [DONE]\n\n"
    for number, piece in enumerate(pieces):
        rest = b"".join([*pieces[number:], end])
        bench.sandbox.arm(Cut(200, STREAM, rest, after=len(piece) + number % len(end)), path="*/events")
    bench.sandbox.arm(Answer(200, STREAM, end), path="*/events")

    def flow(client: Any) -> Flow:
        session = yield opens(client)
        return (yield client.chat.ask(session.id, "What is there?"))

    return do(bench, flow)


def late(bench: Bench) -> Observation:
    """A wait of three seconds for a job that takes longer."""
    running = Answer(200, JSON, b'{"id": "job_1", "status": "running"}')
    bench.sandbox.arm(running, times=MANY, path="*/jobs/job_1")
    seen = bench.call(lambda client: client.s3_connector.wait_for_job("job_1", timeout=3.0))
    bench.sandbox.script.clear()
    return seen


def taken(bench: Bench) -> Observation:
    """An idempotency key that was used for something else."""
    key = f"reused-{next(_made)}"
    bench.call(lambda client: client.chat.create_session("one", idempotency_key=key)).returned()
    return bench.call(lambda client: client.chat.create_session("two", idempotency_key=key))


_FAILURES: Sequence[tuple[str, Callable[[Bench], Observation]]] = (
    ("ScopixError", taken),
    ("AuthenticationError", unknown_key),
    ("ScopixPermissionError", viewer),
    ("ResourceNotFoundError", missing),
    ("ValidationError", invalid),
    ("QuotaExceededError", storage_full),
    ("PaymentRequiredError", past_due),
    ("RateLimitError", rate_limited),
    ("ScopixTimeoutError", late),
    ("ServerError", provider_down),
    ("ScopixConnectionError", unreachable),
    ("CircuitBreakerError", circuit_open),
    ("UploadError", no_picture),
    ("DescriptionError", no_description),
    ("ChatError", no_content),
    ("DocumentProcessingError", broken_document),
    ("CloudStorageError", failed_import),
    ("S3ConnectorError", failed_copy),
    ("VideoUploadError", chunk_lost),
    ("VideoAnalysisError", failed_analysis),
    ("SSEStreamError", stream_cut),
)
"""A way to a failure of each class, with its name, in the order of the page."""


FAILURES = tuple((name, once(fail)) for name, fail in _FAILURES)
"""A failure of each class, with its name, in the order of the page."""

CALLS = Calls(
    reads=Call("files.list", "GET", lists),
    writes=Call("chat.create_session", "POST", opens, keyed=True),
)
