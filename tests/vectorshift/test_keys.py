from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import vectorshift
from failwell.wire import Reply
from vectorshift import CLIENTS, Agent, AuthenticationError, PermissionDeniedError, Pipeline, VectorshiftError

from .sdk import PIPELINE, Sdk

KEY = "vs_live_CANARY_77aa1"
REFUSED = Reply(403, {}, b'{"error": "The key %s may not do that."}' % KEY.encode())


def sent_key(sdk: Sdk) -> str:
    """Which of two keys a call is made with now: the one that nobody is shown."""
    shown = CLIENTS.core(awaiting=sdk.awaiting).masked(b"vs-x vs-y").decode()
    return {"*** vs-y": "vs-x", "vs-x ***": "vs-y"}[shown]


@pytest.mark.parametrize("given", ["", None])
def test_no_key(sdk: Sdk, monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    """
    Without a key every call is an `AuthenticationError`, before anything is sent.
    """
    monkeypatch.delenv("VECTORSHIFT_API_KEY")
    monkeypatch.setattr(vectorshift, "api_key", given)
    monkeypatch.setenv("VECTORSHIFT_BASE_URL", "http://127.0.0.1:1")
    calls: list[Any] = [
        lambda: sdk.call(Pipeline, "fetch", name="my-pipeline"),
        lambda: sdk.call(Pipeline("p1"), "run", {}),
        lambda: sdk.listed(Pipeline("p1"), "stream", {}),
        lambda: sdk.call(Agent, "list"),
        lambda: Agent("a1").session(),
    ]
    for call in calls:
        with pytest.raises(AuthenticationError, match="VECTORSHIFT_API_KEY is not set") as caught:
            call()
        assert (401, ()) == (caught.value.status_code, caught.value.attempts)


def test_read_when_used(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The key and the address are those of the moment: `vectorshift.api_key` first, then the environment.
    """
    first = CLIENTS.core(awaiting=sdk.awaiting)
    assert (first, "vs-x") == (CLIENTS.core(awaiting=sdk.awaiting), sent_key(sdk))

    monkeypatch.setattr(vectorshift, "api_key", "vs-y")
    assert "vs-y" == sent_key(sdk)

    monkeypatch.setattr(vectorshift, "api_key", None)
    monkeypatch.setenv("VECTORSHIFT_BASE_URL", "http://127.0.0.1:7/v1")
    assert ("http://127.0.0.1:7/v1", "vs-x") == (CLIENTS.core(awaiting=sdk.awaiting).base_url, sent_key(sdk))

    monkeypatch.delenv("VECTORSHIFT_BASE_URL")
    assert "https://api.vectorshift.ai/v1" == CLIENTS.core(awaiting=sdk.awaiting).base_url


def test_closed(sdk: Sdk) -> None:
    """
    After `close` the next call opens other connections.
    """
    import anyio

    first = CLIENTS.core(awaiting=sdk.awaiting)
    if sdk.awaiting:
        anyio.run(CLIENTS.aclose)
    else:
        CLIENTS.close()

    assert first is not CLIENTS.core(awaiting=sdk.awaiting)
    with sdk.answered(PIPELINE):
        assert "p1" == sdk.call(Pipeline, "fetch", id="p1").id
    with pytest.raises(VectorshiftError, match="The client is closed"):
        first.check_open()


@pytest.mark.parametrize("url", ["api.vectorshift.ai", "ftp://127.0.0.1", "http://"])
def test_address_that_is_none(sdk: Sdk, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """
    A base URL that is none is a `VectorshiftError` of the first call.
    """
    monkeypatch.setenv("VECTORSHIFT_BASE_URL", url)
    with pytest.raises(VectorshiftError, match="base_url") as caught:
        sdk.call(Pipeline, "list")

    assert type(caught.value) is VectorshiftError


def test_the_key_is_nowhere(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No error, no object and no traceback with its variables shows the key.
    """
    import traceback

    monkeypatch.setattr(vectorshift, "api_key", KEY)
    with sdk.answered(REFUSED), pytest.raises(PermissionDeniedError) as caught:
        sdk.call(Pipeline, "fetch", id="p1")

    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "The key *** may not do that." == caught.value.error_message
    assert KEY not in shown + repr(vars(caught.value)) + repr(CLIENTS.core(awaiting=sdk.awaiting))


def test_light_imports() -> None:
    """
    `import vectorshift` loads no client, no HTTP library and no models; the environment is not read either.
    """
    program = (
        "import sys, vectorshift; vectorshift.NotFoundError; "
        "print(*sorted({'httpx2', 'anyio', 'pydantic', 'vectorshift.client'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)

    assert "" == ran.stdout.strip()
