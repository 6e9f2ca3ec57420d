# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import httpx2
import pytest

from subconscious import (
    AuthenticationError,
    Image,
    NotFoundError,
    RateLimitError,
    RequestTooLargeError,
    SubconsciousError,
    ValidationError,
)

from .sdk import QUESTION, Sdk, said

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.documented("subconscious", line=23)
def test_missing_key(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    | Missing API key | 401 | Add Authorization: Bearer sk-... header |

    The SDK adds the header; without a key it says so before it asks. Who asks without the header is refused.
    """
    with pytest.raises(AuthenticationError) as caught:
        sdk.get(api_key=None)
    assert (401, []) == (caught.value.status, sdk.outcomes)
    assert "SUBCONSCIOUS_API_KEY" in str(caught.value)

    bare = httpx2.get(f"{sdk.sandbox.url}/runs/run_1")
    assert (401, "authentication_failed") == (bare.status_code, bare.json()["error"]["code"])
    key = sdk.sandbox.keys["member"]
    assert key.startswith("sk-")
    added = httpx2.get(f"{sdk.sandbox.url}/runs/run_1", headers={"Authorization": f"Bearer {key}"})
    assert 404 == added.status_code

    monkeypatch.setenv("SUBCONSCIOUS_API_KEY", key)
    assert sdk.run(api_key=None).run_id


@pytest.mark.documented("subconscious", line=24)
@pytest.mark.parametrize("wrong", ["revoked", "shorter", "longer", "unknown"])
def test_invalid_key(sdk: Sdk, wrong: str) -> None:
    """
    | Invalid API key | 401 | Check key is active in dashboard |

    The error says so, and no part of the key.
    """
    good = sdk.sandbox.keys["member"]
    keys = {"revoked": sdk.sandbox.keys["revoked"], "shorter": good[:-1], "longer": f"{good}x", "unknown": "sk-unknown"}
    with pytest.raises(AuthenticationError) as caught:
        sdk.get(api_key=keys[wrong])

    assert (401, ["passed 401"]) == (caught.value.status, sdk.outcomes)
    assert "check that the key is active in the dashboard" in said(caught.value)
    assert keys[wrong] not in said(caught.value)


@pytest.mark.documented("subconscious", line=25)
@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "body.input.instructions"),
        ({"instructions": 7}, "body.input.instructions"),
        ({"instructions": " "}, "body.input.instructions"),
        ({**QUESTION, "tools": "all"}, "body.input.tools"),
        ({**QUESTION, "instuctions": ""}, "body.input.instuctions"),
    ],
)
def test_bad_request(sdk: Sdk, given: dict[str, object], place: str) -> None:
    """
    | Bad request | 400 | Check required fields and types |

    The error names the field that is missing or of the wrong type.
    """
    with pytest.raises(ValidationError) as caught:
        sdk.run("tim", given)

    assert (400, ["passed 400"]) == (caught.value.status, sdk.outcomes)
    assert [place] == [".".join(map(str, entry["loc"])) for entry in caught.value.details]
    assert "which fields are missing or wrong" in said(caught.value)


@pytest.mark.documented("subconscious", line=26)
@pytest.mark.parametrize("operation", ["get", "wait", "cancel"])
def test_run_not_found(sdk: Sdk, operation: str) -> None:
    """
    | Run not found | 404 | Verify run ID exists |

    Whatever is asked of a run that does not exist; one that exists is found.
    """
    with pytest.raises(NotFoundError) as caught:
        sdk.call(lambda client: getattr(client, operation)("run_that_never_was"))
    assert (404, ["passed 404"]) == (caught.value.status, sdk.outcomes)
    assert "Verify the run id" in said(caught.value)

    run_id = sdk.run().run_id
    assert run_id == sdk.ended(run_id).run_id
    assert run_id == sdk.call(lambda client: getattr(client, operation)(run_id)).run_id


@pytest.mark.documented("subconscious", line=27)
def test_rate_limited(sdk: Sdk) -> None:
    """
    | Rate limited | 429 | Back off and retry |

    A wait above 120 s is not waited for but told; a shorter one is.
    """
    sdk.sandbox.next(RateLimitError("Slow down", retry_after=3600))
    with pytest.raises(RateLimitError) as caught:
        sdk.run()
    assert (429, 3600, []) == (caught.value.status, caught.value.retry_after, sdk.waits)
    assert "Wait `e.retry_after` seconds" in said(caught.value)

    sdk.sandbox.next(RateLimitError("Slow down", retry_after=30))
    assert sdk.run().run_id
    assert [30] == sdk.waits


@pytest.mark.documented("subconscious", line=28)
def test_engine_down(sdk: Sdk) -> None:
    """
    | Engine down | 503 | Retry in a few minutes |

    It is an error while the engine is down; a few minutes later the same call works.
    """
    sdk.sandbox.next(SubconsciousError("service_unavailable", "The engine is down."), times=4)
    with pytest.raises(SubconsciousError) as caught:
        sdk.run()
    assert (503, "The engine is down.") == (caught.value.status, caught.value.message)
    assert "Retry in a few minutes" in said(caught.value)

    sdk.clock.advance(180)
    assert sdk.run().run_id


@pytest.mark.documented("subconscious", line=29)
def test_gateway_timeout(sdk: Sdk) -> None:
    """
    | Gateway timeout | 504 | Retry with a longer timeout |

    The SDK can be told a longer one, for the client and for the run.
    """
    sdk.sandbox.next(SubconsciousError("timeout", "The engine was too slow."))
    with pytest.raises(SubconsciousError) as caught:
        sdk.run(max_retries=0)
    assert (504, "timeout") == (caught.value.status, caught.value.code)
    assert "Retry with a longer `timeout`" in said(caught.value)

    longer = sdk.call(lambda client: client.run("tim", QUESTION, {"timeout": 600}), timeout=120.0)
    assert "succeeded" == sdk.ended(longer.run_id).status


@pytest.mark.documented("subconscious", line=30)
def test_payload_too_large(sdk: Sdk) -> None:
    """
    | Payload too large | n/a | RequestTooLargeError raised client-side before the request; split input |

    It says by how much, and what to do. Split, the same input is taken.
    """
    pictures = [Image.from_bytes(PNG + bytes(2_000_000)) for _ in range(2)]
    with pytest.raises(RequestTooLargeError) as caught:
        sdk.run("tim", {**QUESTION, "content": pictures})
    assert [] == sdk.outcomes
    assert f"{caught.value.size - caught.value.limit:,} more than the API takes" in str(caught.value)
    assert "Split the input" in str(caught.value)

    for picture in pictures:
        assert sdk.run("tim", {**QUESTION, "content": [picture]}, timeout=60.0).run_id
