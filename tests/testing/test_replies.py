"""A client that a script answers: what is given, what the client makes of it, and what is told afterwards."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest

from failwell.client import Awaiting, Blocking, Resource, nothing, operation
from failwell.clock import VirtualClock
from failwell.contract import Attempt
from failwell.contract.resilience import BreakerRules, Resilience
from failwell.policy import Flow
from failwell.testing import (
    Asked,
    BadReplyError,
    NoClientError,
    Replies,
    UnansweredError,
    UnusedRepliesError,
    replies,
)
from failwell.wire import Failure, Reply
from failwell.wire.messages import Into
from pictograph import (
    ApiError,
    AsyncClient,
    Client,
    ConfigurationError,
    ConflictError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from pictograph.models import Dataset
from tests.client.colours import KEY, every_colour, of_probe

C = TypeVar("C", Blocking, Awaiting)

EMPTY = {"data": [], "pagination": {"has_more": False}}
DATASET = {"id": "d1", "name": "ds", "organization_id": "o", "created_at": "2026-01-01T00:00:00Z"}
CREDIT = PaymentRequiredError("Out of credits.", required=5, remaining=3)


class Taking(Resource[C], name="taking"):
    """A download."""

    @operation
    def take(self, into: Into) -> Flow[None]:
        """Let what comes go *into* something."""
        return (yield from self.core.call("taking.take", "GET", "/x", nothing, into=into))


def played(colour: str, ask: Callable[[Any], Any], *answers: object, **more: Any) -> tuple[Any, Replies]:
    """What `ask(client)` gives, or the error that it raises, on a client of *colour* answered with *answers*."""
    settings = more.pop("settings", {})

    def blocking() -> tuple[Any, Replies]:
        with Client(KEY, **settings) as client, replies(client, *answers, **more) as sent:
            try:
                return ask(client), sent
            except PictographError as error:
                return error, sent

    async def awaiting() -> tuple[Any, Replies]:
        async with AsyncClient(KEY, **settings) as client:
            with replies(client, *answers, **more) as sent:
                try:
                    return await ask(client), sent
                except PictographError as error:
                    return error, sent

    return blocking() if colour == "blocking" else anyio.run(awaiting, backend=colour)


def create(client: Any) -> Any:
    """A call that changes something."""
    return client.training.create("ds", "exp")


def listed(client: Any) -> Any:
    """A call that reads."""
    return client.datasets.list()


@pytest.fixture
def client() -> Client:
    """A client that a program holds."""
    return Client(KEY)


@every_colour
def test_an_error_is_parsed(colour: str) -> None:
    """
    An error travels as its reply: the client raises another one that was parsed, with fields, attempts and request id.
    """
    error, sent = played(colour, create, CREDIT)

    assert (False, PaymentRequiredError, "Out of credits.") == (error is CREDIT, type(error), str(error))
    assert (402, 5, 3, "req_1") == (error.status_code, error.required, error.remaining, error.request_id)
    assert (Attempt(402, 0.0, "status 402", "req_1"),) == error.attempts
    assert error.idempotency_key == sent.requests[0].idempotency_key


@every_colour
def test_retries_take_no_time(colour: str) -> None:
    """
    Failures are met by the client's own retries, whose waits move a virtual clock.
    """
    found, sent = played(colour, listed, RateLimitError("Slow down", retry_after=30), NetworkError, "timeout", EMPTY)

    assert ([], 4) == (found, len(sent.requests))
    assert (30.0, True) == (sent.waits[0], 1.5 <= sent.waits[1] <= 2.5)
    assert sum(sent.waits) + 30.0 == sent.clock.now()  # the attempt that got no answer took its timeout


def without_address(value: object) -> str:
    """*value* as it prints, the same in every process."""
    return re.sub(r" at 0x\w+", "", repr(value))


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (NotFoundError("There is none."), NotFoundError, "There is none."),
        (NotFoundError, NotFoundError, "The resource does not exist, or belongs to somebody else."),
        (ConflictError("Taken.").with_case("duplicate_name"), ConflictError, "Taken."),
        (ServerError("Down", status_code=599), ServerError, "Down"),
        (NetworkError("x"), NetworkError, "the connection was reset"),
        (ConnectionResetError, NetworkError, "the connection was reset"),
        (ConnectionRefusedError(), NetworkError, "the connection was refused"),
        (TimeoutError, RequestTimeoutError, "within 30 s"),
        (RequestTimeoutError("x"), RequestTimeoutError, "within 30 s"),
        ("network", NetworkError, "the connection was reset"),
        ("timeout", RequestTimeoutError, "the attempt's time was used up"),
        ("unreadable", ApiError, "it is not HTTP"),
        (Failure("network", "no route to host", sent=False), NetworkError, "no route to host"),
        (503, ServerError, "503 Service Unavailable"),
        (Reply(418, {"Content-Type": "text/html"}, b"<h1>teapot</h1>"), ApiError, "teapot"),
        (b"no JSON", ApiError, "expected JSON"),
        ({"rows": []}, ApiError, "without the key 'data'"),
        (None, ApiError, "status 204 with an empty body"),
        (lambda _asked: NotFoundError("By a function."), NotFoundError, "By a function."),
    ],
    ids=without_address,
)
def test_what_fails(answer: object, kind: type[PictographError], text: str) -> None:
    """
    Whatever is given, the call ends as it does when a server sends it.
    """
    error, _ = played("blocking", listed, answer, settings={"max_retries": 0})

    assert (kind, True) == (type(error), text in str(error)), str(error)


@pytest.mark.parametrize(
    "answer",
    [{"data": [DATASET]}, {"data": [Dataset.model_validate(DATASET)]}, lambda _: {"data": [DATASET]}],
    ids=["dict", "model", "function"],
)
@every_colour
def test_what_succeeds(colour: str, answer: object) -> None:
    """
    Dicts, models and what functions return are sent as JSON.
    """
    found, _ = played(colour, listed, answer)

    assert ["ds"] == [dataset.name for dataset in found]


@every_colour
def test_a_function_sees_the_request(colour: str) -> None:
    """
    A function is given the request, and may answer it by what it says.
    """
    seen: list[Asked] = []

    def answer(asked: Asked) -> object:
        seen.append(asked)
        return EMPTY

    _, sent = played(colour, lambda client: client.datasets.list(limit=7), answer)
    (asked,) = seen

    assert ((asked,), "GET", "datasets.list") == (sent.requests, asked.method, asked.operation)
    assert ("/api/v1/developer/datasets/", {"limit": "7", "offset": "0"}) == (asked.path, asked.query)
    assert ("https://api.pictograph.io/api/v1/developer/datasets/", 30.0) == (asked.url, asked.timeout)


@every_colour
def test_requests_hold_no_key(colour: str) -> None:
    """
    Requests are kept with headers, body and idempotency key, and without the API key.
    """
    _, sent = played(colour, create, CREDIT)
    (asked,) = sent.requests

    assert "***" == asked.headers["x-api-key"]
    assert asked.idempotency_key == asked.headers["idempotency-key"]
    assert ("ds", "exp") == (asked.json["dataset_name"], asked.json["export_name"])
    assert KEY not in repr(vars(asked))
    assert "<Asked POST /api/v1/developer/training/>" == repr(asked)


def test_signatures_are_masked() -> None:
    """
    A whole URL is kept without its query, whose values may be a signature.
    """
    put = of_probe(lambda probe: probe.put(iter([b"pi", b"cture"]), to="https://store.example/b/1?sig=SIGNATURE_5a7"))
    _, sent = played("blocking", put, {})
    (asked,) = sent.requests

    assert ("https://store.example/b/1", {"sig": "***"}, b"picture") == (asked.url, asked.query, asked.content)
    assert "x-api-key" not in asked.headers


@every_colour
def test_a_key_that_is_repeated_is_masked(colour: str) -> None:
    """
    An error body that repeats the key is masked, as on the wire.
    """
    error, _ = played(colour, listed, Reply(401, {"X-Told": KEY}, f'{{"detail": "No such key: {KEY}"}}'.encode()))

    assert "No such key: ***" == str(error)


def test_then_answers_the_rest(client: Client) -> None:
    """
    `then` answers every request after the replies, as many as come, or none at all.
    """
    with replies(client, NotFoundError, then=EMPTY) as sent:
        with pytest.raises(NotFoundError):
            listed(client)
        assert [[]] * 5 == [listed(client) for _ in range(5)]
    with replies(client, EMPTY, then="network"):
        listed(client)

    assert 6 == len(sent.requests)


def test_times(client: Client) -> None:
    """
    `times` gives the replies over and over.
    """
    with replies(client, ServerError("Down", status_code=500), EMPTY, times=2) as sent:
        assert [[], []] == [listed(client), listed(client)]

    assert 4 == len(sent.requests)


def test_polling(client: Client) -> None:
    """
    A wait for a job is played through: `then` is what every further look sees.
    """
    run = {"id": "r", "organization_id": "o", "name": "r", "pipeline_type": "y", "created_at": "2026-01-01T00:00:00Z"}
    with replies(client, then={"data": {**run, "status": "running"}}) as sent:
        with pytest.raises(PollTimeoutError) as caught:
            client.training.wait_for_completion("r", timeout=60.0)

    assert ("r", 60.0) == (caught.value.run_id, sum(sent.waits))


def test_a_request_too_many_is_told(client: Client) -> None:
    """
    A request without a reply fails the test, says which and how many were given, and what to do about a repeated call.
    """
    with pytest.raises(UnansweredError) as caught:
        with replies(client, 503):
            listed(client)

    assert (2, 1, True, "GET") == (
        caught.value.number,
        caught.value.given,
        caught.value.repeats,
        caught.value.asked.method,
    )
    assert (
        "Request 2, GET /api/v1/developer/datasets/, has no reply: 1 reply was given, none is left. It repeats a call "
        "that failed: give one more, or pass then= for all that follow, or set max_retries=0."
    ) == str(caught.value)


def test_a_swallowed_request_too_many_is_told(client: Client) -> None:
    """
    It is told at the end of the block, if what is under test swallowed the exception.
    """
    with pytest.raises(UnansweredError, match="Give one more, or pass then= for all that follow"):
        with replies(client), contextlib.suppress(AssertionError):
            listed(client)


def test_a_late_request_is_told(client: Client) -> None:
    """
    A call that goes on after the block was left gets no reply, and says so.
    """
    ready, left = threading.Event(), threading.Event()

    def answer(_asked: Asked) -> object:
        ready.set()
        left.wait(5)
        return 503

    with ThreadPoolExecutor(1) as pool:
        with replies(client, answer):
            call = pool.submit(listed, client)
            assert ready.wait(5)
        left.set()
        late = call.exception(5)

    assert "Request 2, GET /api/v1/developer/datasets/, came after the block of its replies was left." in str(late)


def test_a_reply_too_many_is_told(client: Client) -> None:
    """
    Replies that nothing asked for fail the test, and say which, how many, and what was sent.
    """
    with pytest.raises(UnusedRepliesError) as caught:
        with replies(client, EMPTY, NotFoundError, {"data": []}):
            listed(client)

    assert (("NotFoundError", "{'data': []}"), 3) == (caught.value.unused, caught.value.given)
    assert (
        "2 of 3 replies not used: NotFoundError, {'data': []}. 1 sent, last GET /api/v1/developer/datasets/. "
        "Leave out what no call asks for, or pass it as then=."
    ) == str(caught.value)


def test_what_the_block_raises_comes_first(client: Client) -> None:
    """
    An exception of the block is raised as it is, whatever replies are left, and the client is as it was.
    """
    before = client.core.connection
    with pytest.raises(ZeroDivisionError):
        with replies(client, EMPTY):
            raise ZeroDivisionError

    assert before == client.core.connection


def test_blocks_nest(client: Client) -> None:
    """
    The inner block answers, and the outer one goes on where it was.
    """
    with replies(client, EMPTY, 404) as outer:
        listed(client)
        with replies(client.datasets, 409) as inner:
            with pytest.raises(ConflictError):
                listed(client)
        with pytest.raises(NotFoundError):
            listed(client)

    assert (2, 1) == (len(outer.requests), len(inner.requests))


def test_blocks_that_overlap(client: Client) -> None:
    """
    The order in which blocks end does not matter: at last the client is as it was.
    """
    before = client.core.connection
    first, second = replies(client, then=404), replies(client, then=409)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(ConflictError):
        listed(client)
    second.__exit__(None, None, None)

    assert before == client.core.connection


def test_many_threads_share_a_block(client: Client) -> None:
    """
    Each reply answers one request, whichever thread it comes from.
    """
    rows = [{"data": [{**DATASET, "name": f"ds{n}"}]} for n in range(200)]
    with replies(client, *rows) as sent, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: listed(client)[0].name, range(200)))

    assert sorted(f"ds{n}" for n in range(200)) == sorted(found)
    assert 200 == len(sent.requests)


def test_what_calls_share_is_left_alone(client: Client) -> None:
    """
    Failures in a block use up nothing of the retries that the process has for the server.
    """
    for _ in range(30):
        with replies(client, 503, 503, 503, 503) as sent, pytest.raises(ServerError):
            listed(client)
        assert 3 == len(sent.waits)


def test_the_clients_own_clock() -> None:
    """
    A client with a virtual clock keeps it; any other gets one for the block, or the one that is given.
    """
    own, other = VirtualClock(), VirtualClock()
    client = Client(KEY, clock=own)
    with replies(client, 503, EMPTY) as kept:
        listed(client)
    with replies(client, 503, EMPTY, clock=other) as given:
        listed(client)
    with replies(client, 503, EMPTY) as again:
        listed(client)

    assert (own, other, own) == (kept.clock, given.clock, client.core.clock)
    assert [kept.waits, again.waits] == [[wait] for wait in own.waits()]
    assert given.waits == other.waits()


def test_a_breaker_on_the_clients_own_clock() -> None:
    """
    Failures in a block open no circuit outside of it, on a clock of the client's own neither.
    """
    rules = Resilience(breaker=BreakerRules(last=2, calls=2, ratio=1.0))
    client = Client(KEY, clock=VirtualClock(), max_retries=0, resilience=rules)
    with replies(client, 500, 500):
        for _ in range(2):
            with pytest.raises(ServerError):
                listed(client)
    with replies(client, EMPTY) as sent:
        listed(client)

    assert 1 == len(sent.requests)
    assert "closed" == client.core._guards.of("datasets.list", "/").breaker.state(0.0)  # type: ignore[union-attr]


def test_a_closed_client(client: Client) -> None:
    """
    A client that was closed is closed in the block too, and one that is closed there stays closed.
    """
    with replies(client, then=EMPTY):
        listed(client)
        client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            listed(client)
    with pytest.raises(ConfigurationError, match="closed"):
        listed(client)


@every_colour
def test_a_failing_body_is_the_callers(colour: str) -> None:
    """
    What a request's body raises while it is read reaches the caller as it is.
    """

    def body() -> Any:
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        played(colour, of_probe(lambda probe: probe.put(body)), {})


@every_colour
def test_downloads(colour: str, tmp_path: Path) -> None:
    """
    Bytes go to the file that a download writes; a disk that is full is the caller's, as it is.
    """
    file = tmp_path / f"{colour}.zip"
    where = {"data": {"download_url": "https://store.example/e?sig=SIGNATURE_5a7"}}
    found, _ = played(colour, lambda client: client.exports.download("exp", file), where, NetworkError, b"zip")

    assert (file, b"zip") == (found, file.read_bytes())


@every_colour
def test_a_failing_target_is_the_callers(colour: str) -> None:
    """
    What a download's target raises reaches the caller as it is.
    """

    def target() -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        played(colour, lambda client: Taking(client.core).take(target), b"zip")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("later", "Reply 1 is the text 'later'. Give an error or its class, a dict"),
        (object(), "Reply 1 is of type object. Give an error or its class, a dict"),
        (7, "Reply 1 is of type int. Give"),
        ({"x": {1, 2}}, "Reply 1 is not JSON: 'set' object has no attribute 'model_dump'. Give"),
        (
            ConfigurationError("x"),
            "Reply 1 is ConfigurationError, which the SDK raises by itself. Give an error that a",
        ),
        (ValueError("x"), "Reply 1 is of type ValueError. Give"),
    ],
    ids=without_address,
)
def test_no_reply(client: Client, answer: object, message: str) -> None:
    """
    What is no reply is refused where it is given, and says what can be.
    """
    with pytest.raises(BadReplyError) as caught:
        replies(client, answer)

    assert str(caught.value).startswith(message), str(caught.value)


def test_a_foreign_error(client: Client) -> None:
    """
    An error of another contract is refused, by its name and the catalogue's.
    """

    class StrangeError(PictographError, status=404, code="strange"):
        """Not in the catalogue."""

    with pytest.raises(BadReplyError, match=r"StrangeError \(404 strange\), which the catalogue 'pictograph' does not"):
        replies(client, then=StrangeError("x"))


def test_a_function_that_returns_no_reply(client: Client) -> None:
    """
    It is refused when it is called.
    """
    with pytest.raises(BadReplyError, match="then is of type object"):
        with replies(client, then=lambda _asked: object()):
            listed(client)


@pytest.mark.parametrize("times", [0, -1, True, 1.5])
def test_no_number_of_times(client: Client, times: Any) -> None:
    """
    `times` is a whole number from 1.
    """
    with pytest.raises(BadReplyError, match=r"^times is .*\. Give a whole number from 1\.$"):
        replies(client, 503, times=times)


def test_no_client() -> None:
    """
    Something that is no client is refused by its type.
    """
    with pytest.raises(NoClientError, match="A dict cannot be answered") as caught:
        replies({})

    assert "dict" == caught.value.found
