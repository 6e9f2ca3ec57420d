# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import pytest

from failwell.sandbox import Answer, DropReply
from subconscious import RateLimitError, SubconsciousError

from .sdk import Sdk


@pytest.mark.documented("subconscious", line=18)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_backoff(sdk: Sdk, status: int) -> None:
    """
    Retry on 429 and 5xx errors with exponential backoff:

    The SDK does it by itself: it waits about 1 s, 2 s and 4 s, and asks with the same key.
    """
    sdk.sandbox.arm(Answer(status), times=4)
    with pytest.raises(SubconsciousError) as caught:
        sdk.run()

    assert (status, 4) == (caught.value.status, len(caught.value.attempts))
    assert pytest.approx([1, 2, 4], rel=0.25) == sdk.waits
    assert [caught.value.idempotency_key] * 4 == sdk.keys


@pytest.mark.documented("subconscious", line=18)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422])
def test_others_are_not_retried(sdk: Sdk, status: int) -> None:
    """
    Retry on 429 and 5xx errors with exponential backoff:

    Nothing else would get better by it.
    """
    sdk.sandbox.arm(Answer(status))
    with pytest.raises(SubconsciousError) as caught:
        sdk.run()

    assert ([], 1) == (sdk.waits, len(caught.value.attempts))


@pytest.mark.documented("subconscious", line=18)
def test_it_gets_through(sdk: Sdk) -> None:
    """
    Retry on 429 and 5xx errors with exponential backoff:

    A call that gets through in the end returns as if nothing had been. What a 429 asks for is waited for.
    """
    sdk.sandbox.arm(Answer(500), times=2)
    sdk.sandbox.next(RateLimitError("Slow down", retry_after=7))

    assert sdk.run().run_id
    assert ["answered 500", "answered 500", "answered 429", "passed 200"] == sdk.outcomes
    assert pytest.approx([1, 2, 7], rel=0.25) == sdk.waits


@pytest.mark.documented("subconscious", line=18)
def test_one_run(sdk: Sdk) -> None:
    """
    Retry on 429 and 5xx errors with exponential backoff:

    A run whose answer got lost is not started a second time.
    """
    sdk.sandbox.arm(DropReply(), path="*/runs")
    first = sdk.call(lambda client: client.run("tim", {"instructions": "What is 6 * 7?"}, idempotency_key="once"))
    assert ["lost 200", "passed 200"] == sdk.outcomes

    again = sdk.call(lambda client: client.run("tim", {"instructions": "What is 6 * 7?"}, idempotency_key="once"))
    assert first.run_id == again.run_id
