# ruff: noqa: D205, D400 - these docstrings quote the page
from __future__ import annotations

import re
from typing import Any

import pytest

from failwell.wire import Reply
from tests.spec import page
from tests.vectorshift.sdk import PIPELINE, Sdk
from vectorshift import (
    Agent,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    Node,
    NotFoundError,
    PermissionDeniedError,
    Pipeline,
    RateLimitError,
    UnprocessableEntityError,
    VectorshiftApiError,
)

LINES = page("vectorshift").splitlines()


def said(status: int, message: str) -> Reply:
    """An answer as the API gives it."""
    return Reply(status, {"content-type": "application/json"}, b'{"error": "%s"}' % message.encode())


def met(sdk: Sdk, status: int, message: str, *, of: Any = Pipeline, name: str = "fetch", tries: int = 1) -> Any:
    """The error of a call that is answered so."""
    given: dict[str, Any] = {"id": "p1"} if name == "fetch" else {}
    with sdk.answered(said(status, message), times=tries), pytest.raises(VectorshiftApiError) as caught:
        sdk.call(of, name, **given)
    return caught.value


def fix(line: int) -> str:
    """What the row on *line* says to do, without its links."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", LINES[line - 1].split(" | ")[3].strip("| ")).strip()


@pytest.mark.documented("vectorshift", line=9, part=2)
@pytest.mark.documented("vectorshift", line=135)
@pytest.mark.documented("vectorshift", line=138)
@pytest.mark.documented("vectorshift", line=142)
@pytest.mark.documented("vectorshift", line=146)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 422])
def test_what_an_error_carries(sdk: Sdk, status: int) -> None:
    """
    API errors carry the HTTP status, the endpoint, and a parsed error message — enough to branch on and log
    cleanly. Every API error exposes these attributes: HTTP status returned by the API. HTTP method used (`"GET"`,
    `"POST"`, …). Path that was called, e.g. `"/pipeline/<id>/run"`.
    """
    read, written = met(sdk, status, "No."), met(sdk, status, "No.", of=Pipeline("p1"), name="delete")

    assert (status, "GET", "/pipeline", "No.") == (read.status_code, read.method, read.endpoint, read.error_message)
    assert (status, "DELETE", "/pipeline/p1") == (written.status_code, written.method, written.endpoint)


@pytest.mark.documented("vectorshift", line=79)
def test_400(sdk: Sdk) -> None:
    """
    | 400 | `BadRequestError` | Malformed request body (e.g. unsupported `input_type`) | Check the call arguments
    against the [reference](/sdk/pipeline/reference). |
    """
    error = met(sdk, 400, "input_type 'smell' is not supported")

    assert (BadRequestError, fix(79)) == (type(error), error.case.fix)


@pytest.mark.documented("vectorshift", line=80)
def test_401(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    | 401 | `AuthenticationError` | `VECTORSHIFT_API_KEY` missing, expired, or revoked | Generate a new key at
    [Account → API Keys](https://app.vectorshift.ai/account/api-keys). |
    """
    for message in ("The key has expired.", "The key is revoked."):
        error = met(sdk, 401, message)
        assert (AuthenticationError, message) == (type(error), error.error_message)
        assert str(error.case.fix).startswith("Generate a new key at https://app.vectorshift.ai/account/api-keys")
        assert "https://app.vectorshift.ai/account/api-keys" in LINES[79]
    monkeypatch.delenv("VECTORSHIFT_API_KEY")
    with pytest.raises(AuthenticationError, match="VECTORSHIFT_API_KEY is not set"):
        sdk.call(Pipeline, "list")


@pytest.mark.documented("vectorshift", line=81)
@pytest.mark.documented("vectorshift", line=60)
def test_403(sdk: Sdk) -> None:
    """
    | 403 | `PermissionDeniedError` | Key valid, but lacks scope for the org or object | Use a key from the org that
    owns the object, or ask an admin to grant access. |
    **`PermissionDeniedError` (403)** — your key is valid but the specific operation isn't allowed (e.g. you have
    read access to an object but try to `delete` it).
    """
    error = met(sdk, 403, "The key may read p1, and not delete it.", of=Pipeline("p1"), name="delete")

    assert (PermissionDeniedError, fix(81), "DELETE") == (type(error), error.case.fix, error.method)


@pytest.mark.documented("vectorshift", line=82)
@pytest.mark.documented("vectorshift", line=57)
@pytest.mark.documented("vectorshift", line=59, part=1)
@pytest.mark.parametrize("of", [Pipeline, Agent])
def test_404(sdk: Sdk, of: Any) -> None:
    """
    | 404 | `NotFoundError` | Object id / name doesn't exist | Verify the id in the platform, or fetch by `name=`
    instead. |
    What you'll see when you try to touch something outside your scope: **`NotFoundError` (404)** — by design, the
    API returns 404 for both "doesn't exist" and "exists but you can't see it".
    """
    error = met(sdk, 404, "There is no p1.", of=of)

    assert (NotFoundError, fix(82)) == (type(error), error.case.fix)


@pytest.mark.documented("vectorshift", line=83)
def test_422(sdk: Sdk) -> None:
    """
    | 422 | `UnprocessableEntityError` | Server rejected the payload semantically (e.g. invalid node wiring) |
    `e.error_message` carries the server's reason. Enabling the [mypy
    plugin](/sdk/installation#type-checking-with-mypy) catches most of these at edit time. |
    """
    message = "Node n2 reads n1.smell, which an input does not give"
    error = met(sdk, 422, message, of=Pipeline("p1", nodes=[Node("text", id="n1")]), name="save")

    assert (UnprocessableEntityError, message) == (type(error), error.error_message)


@pytest.mark.documented("vectorshift", line=84)
def test_429(sdk: Sdk) -> None:
    """
    | 429 | `RateLimitError` | You're hitting rate limits | Back off and retry with jitter. |
    """
    message = "100 calls a minute are used up. Wait 3 s."
    error = met(sdk, 429, message, tries=3)
    with sdk.answered(said(429, message), said(429, message), PIPELINE) as sent:
        sdk.call(Pipeline, "fetch", id="p1")

    assert (RateLimitError, message, fix(84)) == (type(error), error.error_message, error.case.fix)
    first, second = sent.waits
    assert (True, True) == (0.75 <= first <= 1.25, 1.5 <= second <= 2.5)


@pytest.mark.documented("vectorshift", line=85)
@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_500(sdk: Sdk, status: int) -> None:
    """
    | 500+ | `InternalServerError` | Server-side issue | Retry once. If it persists, [contact support](/support). |
    """
    error = met(sdk, status, "Sorry.", tries=2)
    with sdk.answered(said(status, "Sorry."), PIPELINE):
        sdk.call(Pipeline, "fetch", id="p1")

    assert (InternalServerError, status, fix(85)) == (type(error), error.status_code, error.case.fix)


@pytest.mark.documented("vectorshift", line=150)
def test_error_message(sdk: Sdk) -> None:
    """
    Best-effort parsed message from the response body — checks `error`, `message`, `detail`, `errors` in order.
    """
    keys = ["error", "message", "detail", "errors"]
    for place, key in enumerate(keys):
        body = ", ".join(f'"{later}": "said by {later}"' for later in reversed(keys[place:]))
        with sdk.answered(Reply(404, {}, f"{{{body}}}".encode())), pytest.raises(NotFoundError) as caught:
            sdk.call(Pipeline, "fetch", id="p1")
        assert f"said by {key}" == caught.value.error_message


@pytest.mark.documented("vectorshift", line=154, part=1)
@pytest.mark.documented("vectorshift", line=154, part=2)
def test_raw_response(sdk: Sdk) -> None:
    """
    Original response body. Useful when `error_message` doesn't surface what you need.
    """
    body = '{"error": "No.",  "trace": {"node": 3}}'
    with sdk.answered(Reply(404, {}, body.encode())), pytest.raises(NotFoundError) as caught:
        sdk.call(Pipeline, "fetch", id="p1")

    assert ("No.", body) == (caught.value.error_message, caught.value.raw_response)


@pytest.mark.documented("vectorshift", line=157, part=1)
@pytest.mark.documented("vectorshift", line=157, part=2)
@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (403, 1), (404, 1), (422, 1), (429, 3), (500, 2)])
def test_text(sdk: Sdk, status: int, tries: int) -> None:
    """
    The default `str(e)` formats all of these together, plus a hint for common statuses. Log it directly — no need
    to build your own message.
    """
    error = met(sdk, status, "No.", tries=tries)

    assert f'{status} from GET /pipeline: No. {error.case.fix} Body: {{"error": "No."}}' == str(error)
    assert 1 == len(str(error).splitlines())
