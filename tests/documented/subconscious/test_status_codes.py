# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import pytest

from failwell.sandbox import Answer
from subconscious import AuthenticationError, NotFoundError, RateLimitError, SubconsciousError, ValidationError

from .sdk import TABLE, Line, Sdk, said, says

CLAIMED = ("internal_error", "rate_limited", "not_found", "of_another_page")


def facts(error: SubconsciousError) -> tuple[type[SubconsciousError], str, int]:
    """What the table has of *error*."""
    return type(error), error.code, error.status


def use_up(sdk: Sdk, run_id: str) -> None:
    """Look at a run until the key may not do so any more."""
    for _ in range(1000):
        sdk.get(run_id, role="free", max_retries=0)


@pytest.mark.documented("subconscious", line=3)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.status))
def test_the_status_decides(sdk: Sdk, row: Line) -> None:
    """
    The Python SDK maps HTTP status codes to SDK error codes as follows:

    It does so whatever code the body claims. Both can be read.
    """
    for claimed in CLAIMED:
        sdk.sandbox.arm(says(row.status, claimed))
        with pytest.raises(SubconsciousError) as caught:
            sdk.get(max_retries=0)
        assert (row.error, row.code, row.status) == facts(caught.value)
        assert claimed == caught.value.body_code


@pytest.mark.documented("subconscious", line=3)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.status))
def test_a_body_without_a_code(sdk: Sdk, row: Line) -> None:
    """
    The Python SDK maps HTTP status codes to SDK error codes as follows:

    It needs no body for it that could be read.
    """
    for body in (b"", b"<h1>Bad gateway</h1>", b"null", b'{"error": "No."}'):
        sdk.sandbox.arm(Answer(row.status, (), body))
        with pytest.raises(SubconsciousError) as caught:
            sdk.get(max_retries=0)
        assert (row.error, row.code, row.status, None) == (*facts(caught.value), caught.value.body_code)


@pytest.mark.documented("subconscious", line=5)
def test_400(sdk: Sdk) -> None:
    """
    400 | invalid_request | ValidationError | Fix request parameters |

    The error says so, and which; a request without the mistake is taken.
    """
    with pytest.raises(ValidationError) as caught:
        sdk.run("no such engine")

    assert (ValidationError, "invalid_request", 400) == facts(caught.value)
    assert ["passed 400"] == sdk.outcomes
    assert "Fix the request" in said(caught.value)
    assert "engine" in str(caught.value)
    assert sdk.run("tim").run_id


@pytest.mark.documented("subconscious", line=6)
def test_401(sdk: Sdk) -> None:
    """
    401 | authentication_failed | AuthenticationError | Check API key |

    The error says so; with a key that is good the same call works.
    """
    with pytest.raises(AuthenticationError) as caught:
        sdk.run(role="revoked")

    assert (AuthenticationError, "authentication_failed", 401) == facts(caught.value)
    assert ["passed 401"] == sdk.outcomes
    assert "check that the key is active" in said(caught.value)
    assert sdk.run().run_id


@pytest.mark.documented("subconscious", line=7)
def test_403(sdk: Sdk) -> None:
    """
    403 | permission_denied | SubconsciousError | Check permissions |

    The error says so; a key that has them may do it.
    """
    with pytest.raises(SubconsciousError) as caught:
        sdk.run(role="viewer")

    assert (SubconsciousError, "permission_denied", 403) == facts(caught.value)
    assert ["passed 403"] == sdk.outcomes
    assert "Check the permissions" in said(caught.value)
    assert sdk.run(role="admin").run_id


@pytest.mark.documented("subconscious", line=8)
def test_404(sdk: Sdk) -> None:
    """
    404 | not_found | NotFoundError | Verify run ID |

    The error says so, also for the run of somebody else; with an id that is right the run is found.
    """
    run_id = sdk.run().run_id
    for wrong, role in ((f"{run_id}x", "member"), (run_id, "other")):
        with pytest.raises(NotFoundError) as caught:
            sdk.get(wrong, role=role)
        assert (NotFoundError, "not_found", 404) == facts(caught.value)
        assert ["passed 404"] == sdk.outcomes
        assert "Verify the run id" in said(caught.value)

    assert run_id == sdk.get(run_id).run_id


@pytest.mark.documented("subconscious", line=9)
def test_429(sdk: Sdk) -> None:
    """
    429 | rate_limited | RateLimitError | Back off and retry |

    A key that has used up its limit is told so; the SDK backs off and retries by itself, unless it must not.
    """
    run_id = sdk.run(role="free").run_id
    with pytest.raises(RateLimitError) as caught:
        use_up(sdk, run_id)

    assert (RateLimitError, "rate_limited", 429) == facts(caught.value)
    assert ["passed 429"] == sdk.outcomes
    assert 0 < (caught.value.retry_after or 0) <= 60
    assert run_id == sdk.get(run_id, role="free").run_id
    assert (["passed 429", "passed 200"], [caught.value.retry_after]) == (sdk.outcomes, sdk.waits)


@pytest.mark.documented("subconscious", line=10)
def test_503(sdk: Sdk) -> None:
    """
    503 | service_unavailable | SubconsciousError | Engine down, retry later |

    The SDK retries a little later; an engine that is still down is an error, and says so. Later it works.
    """
    with pytest.raises(SubconsciousError) as caught:
        sdk.run("tim-down")
    assert (SubconsciousError, "service_unavailable", 503) == facts(caught.value)
    assert ["passed 503"] * 4 == sdk.outcomes
    assert "Retry in a few minutes" in said(caught.value)

    sdk.sandbox.arm(says(503, "service_unavailable"), times=2)
    assert sdk.run().run_id
    assert ["answered 503", "answered 503", "passed 200"] == sdk.outcomes


@pytest.mark.documented("subconscious", line=11)
def test_504(sdk: Sdk) -> None:
    """
    504 | timeout | SubconsciousError | Retry with longer timeout |

    The error says so, also where the client's own `timeout` was too short: with a longer one the call works.
    """
    with pytest.raises(SubconsciousError) as caught:
        sdk.run("tim-late")
    assert (SubconsciousError, "timeout", 504) == facts(caught.value)
    assert ["passed 504"] * 4 == sdk.outcomes
    assert "Retry with a longer `timeout`" in said(caught.value)

    with pytest.raises(SubconsciousError) as short:
        sdk.run(timeout=1e-6, max_retries=0)
    assert (SubconsciousError, "timeout", 0) == facts(short.value)
    assert "Retry with a longer `timeout`" in said(short.value)
    assert sdk.run(timeout=60.0).run_id


@pytest.mark.documented("subconscious", line=12)
@pytest.mark.parametrize("status", [402, 405, 409, 418, 422, 500, 501, 502, 505, 599])
def test_other(sdk: Sdk, status: int) -> None:
    """
    | other | internal_error | SubconsciousError | Retry with backoff |

    What is the server's fault is retried with backoff by the SDK; what is the caller's would not get better by that.
    """
    times = 4 if status >= 500 else 1
    sdk.sandbox.arm(says(status, "not_found"), times=times)
    with pytest.raises(SubconsciousError) as caught:
        sdk.run()

    assert (SubconsciousError, "internal_error", status) == facts(caught.value)
    assert [f"answered {status}"] * times == sdk.outcomes
    assert pytest.approx([1, 2, 4][: times - 1], rel=0.25) == sdk.waits
