# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import functools
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from failwell.clock import VirtualClock
from failwell.sandbox import Answer, Close, DropReply, FaultStep, Reset, Sandbox, Silence
from pictograph import Client
from pictograph.exceptions import (
    ApiError,
    AuthError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ValidationError,
)

from .sdk import TIME_TO_ARRIVE, Names, Sdk, fresh, list_datasets
from .snippets import snippet

BACKOFF = pytest.approx([1, 2, 4], rel=0.25)


@pytest.mark.documented("pictograph", line=59)
@pytest.mark.parametrize("failure", [Answer(500), Answer(503), Close(), Reset()], ids=["500", "503", "close", "reset"])
def test_transient(sdk: Sdk, failure: FaultStep) -> None:
    """
    The SDK already retries on transient failures with exponential backoff:

    Reading and writing, each wait about twice the one before.
    """
    sdk.sandbox.arm(failure, times=3)
    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets)]
    assert BACKOFF == sdk.waits

    sdk.sandbox.arm(failure, times=3)
    name = fresh("dataset")
    assert name == sdk.call(lambda client: client.datasets.create(name)).name
    assert BACKOFF == sdk.waits


@pytest.mark.documented("pictograph", line=59)
@pytest.mark.parametrize(
    "failure",
    [
        ApiError("Bad request"),
        AuthError("Bad key"),
        PaymentRequiredError("Out of credits"),
        ForbiddenError("Not you"),
        NotFoundError("Nothing there"),
        ConflictError("Taken"),
        ValidationError("Bad shape"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_not_transient(sdk: Sdk, failure: PictographError) -> None:
    """
    The SDK already retries on transient failures with exponential backoff:

    And on no others.
    """
    sdk.sandbox.next(failure)
    with pytest.raises(type(failure)) as caught:
        sdk.call(list_datasets)

    assert (failure.message, 1, []) == (caught.value.message, len(sdk.requests), sdk.waits)


@pytest.mark.documented("pictograph", line=61)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx(sdk: Sdk, status: int) -> None:
    """
    **5xx responses** — up to 3 retries, backoff `1s → 2s → 4s`.

    The fourth answer of that kind is raised.
    """
    sdk.sandbox.arm(Answer(status), times=4)
    with pytest.raises(ServerError) as caught:
        sdk.call(list_datasets)

    assert (status, [f"answered {status}"] * 4) == (caught.value.status_code, sdk.outcomes)
    assert BACKOFF == sdk.waits


def in_seconds(clock: VirtualClock, seconds: float) -> str:
    """The moment in *seconds* seconds the way HTTP writes it."""
    return format_datetime(datetime.fromtimestamp(clock.wall() + seconds, UTC), usegmt=True)


@pytest.mark.documented("pictograph", line=62)
@pytest.mark.parametrize("asked", [1, 2, 119, 120])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_retry_after(sdk: Sdk, asked: int, as_date: bool) -> None:
    """
    **429 with `Retry-After` ≤ 120s** — auto-waits then retries.

    For as long as was asked, whether in seconds or as a moment.
    """
    said = in_seconds(sdk.clock, asked) if as_date else str(asked)
    sdk.sandbox.arm(Answer(429, (("Retry-After", said),)))

    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets)]
    assert pytest.approx([asked], abs=1.0 if as_date else 1e-6) == sdk.waits
    assert ["answered 429", "passed 200"] == sdk.outcomes


@pytest.mark.documented("pictograph", line=62)
def test_retry_after_is_too_long(sdk: Sdk) -> None:
    """
    **429 with `Retry-After` ≤ 120s** — auto-waits then retries.

    121 s are not waited for; the error has them.
    """
    sdk.sandbox.arm(Answer(429, (("Retry-After", "121"),)))
    with pytest.raises(RateLimitError) as caught:
        sdk.call(list_datasets)

    assert (121, [], ["answered 429"]) == (caught.value.retry_after, sdk.waits, sdk.outcomes)


@pytest.mark.documented("pictograph", line=62)
def test_retry_after_each_time(sdk: Sdk) -> None:
    """
    **429 with `Retry-After` ≤ 120s** — auto-waits then retries.

    A write too; after 3 retries the fourth is raised.
    """
    sdk.sandbox.next(RateLimitError("Slow down", retry_after=120), times=4)
    with pytest.raises(RateLimitError) as caught:
        sdk.call(lambda client: client.datasets.create(fresh("dataset")))

    assert (120, [120, 120, 120]) == (caught.value.retry_after, sdk.waits)


@pytest.mark.documented("pictograph", line=63)
def test_connection_reset(sdk: Sdk) -> None:
    """
    **Network errors** (connection reset, DNS blip) — same 3-retry policy.

    Four resets in a row are an error, three are not.
    """
    sdk.sandbox.arm(Reset(), times=4)
    with pytest.raises(NetworkError) as caught:
        sdk.call(list_datasets)
    assert (["reset"] * 4, 4) == (sdk.outcomes, len(caught.value.attempts))
    assert BACKOFF == sdk.waits

    sdk.sandbox.arm(Reset(), times=3)
    sdk.call(list_datasets)
    assert ["reset", "reset", "reset", "passed 200"] == sdk.outcomes


@pytest.mark.documented("pictograph", line=63)
def test_dns_blip(sdk: Sdk, names: Names) -> None:
    """
    **Network errors** (connection reset, DNS blip) — same 3-retry policy.

    A name that is unknown four times in a row is an error, three times is not.
    """
    names.unknown(sdk.sandbox.url, times=4)
    with pytest.raises(NetworkError):
        sdk.call(list_datasets, base_url=names.url)
    assert (4, []) == (names.asked, sdk.outcomes)
    assert BACKOFF == sdk.waits

    names.unknown(sdk.sandbox.url, times=3)
    sdk.call(list_datasets, base_url=names.url)
    assert (4, ["passed 200"]) == (names.asked, sdk.outcomes)


@pytest.mark.documented("pictograph", lines=(64, 65))
@pytest.mark.parametrize("failure", [Answer(503), Answer(429), Close(), Reset()], ids=["503", "429", "close", "reset"])
def test_inherited_key(sdk: Sdk, failure: FaultStep) -> None:
    """
    **Idempotency** — retried requests inherit the original `Idempotency-Key` header, so the backend dedupes.

    One key, whatever the reason of the retry.
    """
    sdk.sandbox.arm(failure, times=3)
    sdk.call(lambda client: client.datasets.create(fresh("dataset")))

    assert 4 == len(sdk.keys)
    assert [sdk.keys[0]] * 4 == sdk.keys
    assert sdk.keys[0]


@pytest.mark.documented("pictograph", lines=(64, 65))
def test_backend_dedupes(sdk: Sdk) -> None:
    """
    **Idempotency** — retried requests inherit the original `Idempotency-Key` header, so the backend dedupes.

    The first request makes the dataset and its answer is lost; the second gets that answer, and makes nothing.
    """
    name = fresh("dataset")
    sdk.sandbox.arm(DropReply(), method="POST")
    made = sdk.call(lambda client: client.datasets.create(name))

    assert ["lost 201", "passed 201"] == sdk.outcomes
    assert [made.id] == [dataset.id for dataset in sdk.call(list_datasets) if dataset.name == name]


@pytest.mark.documented("pictograph", line=67)
@pytest.mark.parametrize(("max_retries", "waits"), [(0, []), (1, [1]), (5, [1, 2, 4, 8, 8])])
def test_other_max_retries(sdk: Sdk, max_retries: int, waits: list[float]) -> None:
    """
    Override on the Client:

    How often is retried.
    """
    sdk.sandbox.arm(Answer(503), times=max_retries + 1)
    with pytest.raises(ServerError):
        sdk.call(list_datasets, max_retries=max_retries)

    assert max_retries + 1 == len(sdk.requests)
    assert pytest.approx(waits, rel=0.25) == sdk.waits


@pytest.mark.documented("pictograph", line=67)
def test_other_timeout(sdk: Sdk) -> None:
    """
    Override on the Client:

    How long one attempt may take, not all of them together.
    """
    sdk.sandbox.arm(Silence(), times=2)
    with pytest.raises(RequestTimeoutError) as caught:
        sdk.call(list_datasets, timeout=TIME_TO_ARRIVE, max_retries=1)

    assert (TIME_TO_ARRIVE, 2) == (caught.value.timeout, len(caught.value.attempts))
    assert ["client went away"] * 2 == sdk.hung_up(2)
    assert pytest.approx([1], rel=0.25) == sdk.waits


@pytest.mark.documented("pictograph", line=70)
def test_client_snippet(sandbox: Sandbox, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The client of the snippet gives an attempt 30 s and a call 5 retries.
    """
    monkeypatch.setenv("PICTOGRAPH_API_KEY", sandbox.keys["member"])
    monkeypatch.setenv("PICTOGRAPH_BASE_URL", sandbox.url)
    override = snippet(70, 70)
    ran = override.run(Client=functools.partial(Client, clock=clock))
    sandbox.arm(Answer(503), times=6)
    with ran.names["client"] as client, pytest.raises(ServerError) as caught:
        client.datasets.list()

    assert override.lines == ran.lines
    assert (30.0, 5, 6) == (client.timeout, client.max_retries, len(caught.value.attempts))
    assert pytest.approx([1, 2, 4, 8, 8], rel=0.25) == clock.waits()
