# ruff: noqa: D205 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pictograph import Client
from pictograph.exceptions import PaymentRequiredError

from .sdk import Sdk
from .snippets import snippet

SNIPPET = snippet(76, 82)
NAMES = {"dataset_name": "ds", "export_name": "exp"}


@pytest.mark.documented("pictograph", lines=(76, 82))
def test_snippet_out_of_credits(connect: Callable[[str], Client], capsys: pytest.CaptureFixture[str]) -> None:
    """
    Without credits the snippet prints what is needed, what is left and where to top up.
    """
    ran = SNIPPET.run(client=connect("broke"), **NAMES)

    assert SNIPPET.lines == ran.lines
    # A run costs 10 credits and 1 for each of the 8 annotated crops of the export.
    printed = "Need 18 credits, you have 3\nTop up at: https://pictograph.io/billing\n"
    assert printed == capsys.readouterr().out


@pytest.mark.documented("pictograph", lines=(76, 82))
def test_snippet_with_credits(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """
    With credits the snippet starts a run and prints nothing.
    """
    before = len(client.training.list())
    ran = SNIPPET.run(client=client, **NAMES)

    assert {76, 78, 79} == ran.lines
    assert (1, "") == (len(client.training.list()) - before, capsys.readouterr().out)


@pytest.mark.documented("pictograph", lines=(85, 87))
def test_details(sdk: Sdk) -> None:
    """
    `required`, `remaining`, and `upgrade_url` are populated from the backend's `detail` block — fall back to plain
    `str(e)` if you only need a user-facing message.

    The message names the same three facts.
    """
    with pytest.raises(PaymentRequiredError) as caught:
        sdk.call(lambda client: client.training.create("ds", "exp"), role="broke")

    error = caught.value
    detail = json.loads(error.body)["detail"]
    assert (18, 3) == (error.required, error.remaining)
    assert [detail[name] for name in ("required", "remaining", "upgrade_url")] == [
        error.required,
        error.remaining,
        error.upgrade_url,
    ]
    assert detail["message"] == str(error)
    assert [] == [fact for fact in (18, 3, error.upgrade_url) if str(fact) not in str(error)]


@pytest.mark.documented("pictograph", lines=(85, 87))
def test_details_that_are_left_out(sdk: Sdk) -> None:
    """
    `required`, `remaining`, and `upgrade_url` are populated from the backend's `detail` block — fall back to plain
    `str(e)` if you only need a user-facing message.

    There is a message even where the block has no facts.
    """
    sdk.sandbox.next(PaymentRequiredError("Out of credits."))
    with pytest.raises(PaymentRequiredError) as caught:
        sdk.call(lambda client: client.training.create("ds", "exp"))

    error = caught.value
    assert ("Out of credits.", None, None, None) == (str(error), error.required, error.remaining, error.upgrade_url)
