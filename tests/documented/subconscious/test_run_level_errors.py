# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import pytest

from subconscious import DoneEvent, SubconsciousError

from .sdk import Sdk


@pytest.mark.documented("subconscious", line=19, part=1)
def test_fails_after_it_was_accepted(sdk: Sdk) -> None:
    """
    Runs can fail after being accepted.

    To start one whose engine breaks down raises nothing, and neither does to wait for it.
    """
    accepted = sdk.run("tim-broken")

    assert ["passed 200"] == sdk.outcomes
    assert accepted.run_id
    assert "failed" == sdk.ended(accepted.run_id).status


@pytest.mark.documented("subconscious", line=19, part=1)
def test_a_stream_fails(sdk: Sdk) -> None:
    """
    Runs can fail after being accepted.

    A stream tells of it by raising; it never ends as if all were well.
    """
    with pytest.raises(SubconsciousError) as caught:
        sdk.streamed("tim-broken")
    run = sdk.get(caught.value.stream_resource_id or "")
    assert ("service_unavailable", "failed") == (caught.value.code, run.status)
    assert run.error.message == caught.value.message

    events = sdk.streamed()
    assert DoneEvent(events[0].run_id) == events[-1]


@pytest.mark.documented("subconscious", line=19, part=2)
def test_status_of_a_run(sdk: Sdk) -> None:
    """
    Check thestatus field:

    It says how the run ended; `error` says why, and `result` has the answer.
    """
    good, bad = sdk.ended(sdk.run().run_id), sdk.ended(sdk.run("tim-broken").run_id)

    assert ("succeeded", None) == (good.status, good.error)
    assert "42" in good.result.answer
    assert ("failed", "service_unavailable", None) == (bad.status, bad.error.code, bad.result)
    assert " " in bad.error.message


@pytest.mark.documented("subconscious", line=19, part=2)
def test_status_of_a_canceled_run(sdk: Sdk) -> None:
    """
    Check thestatus field:

    A run that was canceled says so, and has no result.
    """
    run_id = sdk.run("tim-slow").run_id
    assert "canceled" == sdk.call(lambda client: client.cancel(run_id)).status

    run = sdk.ended(run_id)
    assert ("canceled", None) == (run.status, run.result)


@pytest.mark.documented("subconscious", line=19, part=2)
def test_checked_for_the_caller(sdk: Sdk) -> None:
    """
    Check thestatus field:

    `raise_on_failure()` does it: it returns a run that succeeded, and raises for any other.
    """
    good, bad = sdk.ended(sdk.run().run_id), sdk.ended(sdk.run("tim-broken").run_id)

    assert good is good.raise_on_failure()
    with pytest.raises(SubconsciousError) as caught:
        bad.raise_on_failure()
    assert ("service_unavailable", bad.run_id) == (caught.value.code, caught.value.run_id)
    assert bad.error.message in str(caught.value)
