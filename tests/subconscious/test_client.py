from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import failwell
import subconscious
from failwell.clock import VirtualClock
from failwell.conformance import check
from failwell.sandbox import find_vendor
from subconscious import AsyncSubconscious, AuthenticationError, Subconscious, ValidationError

from .talk import ACCEPTED, URL, Talk

HOMES = [str(Path(str(package.__file__)).parent.parent) for package in (failwell, subconscious)]
both = pytest.mark.parametrize("client", [Subconscious, AsyncSubconscious])


def get(client: Any) -> Any:
    """Any call."""
    return client.get("run_1")


@both
@pytest.mark.parametrize("key", [None, "", "sk-with blank", "sk-ü", 7])
def test_no_key(client: Any, key: object) -> None:
    """
    Without a key that can be sent there is no client: an AuthenticationError, before any request.
    """
    with pytest.raises(AuthenticationError) as caught:
        client(key)

    assert ("authentication_failed", 401, ()) == (caught.value.code, caught.value.status, caught.value.attempts)
    if not key:
        assert "SUBCONSCIOUS_API_KEY is not set. Set it, or pass api_key=" in str(caught.value)


def test_key_and_url_of_the_environment(monkeypatch: pytest.MonkeyPatch, talk: Callable[..., Talk]) -> None:
    """
    Key and base URL are read from the environment; arguments come first.
    """
    monkeypatch.setenv("SUBCONSCIOUS_API_KEY", "sk-environment")
    assert "https://api.subconscious.dev/v1" == Subconscious().base_url
    monkeypatch.setenv("SUBCONSCIOUS_BASE_URL", "http://elsewhere.test/v1")

    assert "http://elsewhere.test/v1" == AsyncSubconscious().base_url
    assert URL == Subconscious(base_url=URL).base_url
    talking = talk(ACCEPTED)
    talking.ask(get, api_key=None, base_url=None)
    assert ["http://elsewhere.test/v1/runs/run_1"] == [request.url for request in talking.sent.requests]


def test_headers(talk: Callable[..., Talk]) -> None:
    """
    The key is sent as a bearer token, and nobody who looks at the client sees it.
    """
    talking = talk(ACCEPTED)
    talking.ask(get)

    assert "authorization" in talking.sent.requests[0].headers
    client = Subconscious("sk-secret")
    assert "sk-secret" not in f"{client!r} {vars(client)!r} {vars(client.core)!r}"


@both
@pytest.mark.parametrize(
    "settings", [{"base_url": "api.subconscious.dev"}, {"timeout": -1}, {"max_retries": -1}, {"deadline": "soon"}]
)
def test_settings_that_cannot_work(client: Any, settings: dict[str, Any]) -> None:
    """
    A setting that cannot work is a ValidationError that names it, when the client is built.
    """
    with pytest.raises(ValidationError) as caught:
        client("sk-test", **settings)

    assert next(iter(settings)) in str(caught.value)
    assert "configuration" == caught.value.case.on


@both
def test_forms(client: Any) -> None:
    """
    The key is the first argument, all others have names.
    """
    parameters = inspect.signature(client).parameters

    assert ["api_key", "base_url", "timeout", "max_retries"] == list(parameters)[:4]
    assert {"POSITIONAL_OR_KEYWORD"} == {parameters["api_key"].kind.name}
    assert (30.0, 3, 5.0, 0) == (
        client("sk-test").timeout,
        client("sk-test").max_retries,
        client("sk-test", timeout=5.0).timeout,
        client("sk-test", max_retries=0).max_retries,
    )


def test_same_signatures() -> None:
    """
    AsyncSubconscious mirrors Subconscious, parameter for parameter and word for word.
    """
    blocking, awaiting = Subconscious("sk-test"), AsyncSubconscious("sk-test")

    for name in ("run", "get", "wait", "cancel", "stream"):
        one, other = getattr(blocking, name), getattr(awaiting, name)
        assert inspect.signature(one).parameters == inspect.signature(other).parameters
        assert one.__doc__ == other.__doc__
        assert inspect.iscoroutinefunction(other) == (name != "stream")


def test_closed() -> None:
    """
    Both clients are closed by `with`, and asked for nothing afterwards.
    """
    with Subconscious("sk-test") as client:
        pass
    with pytest.raises(ValidationError, match="The client is closed"):
        client.get("run_1")

    async def use() -> None:
        async with AsyncSubconscious("sk-test") as client:
            pass
        await client.get("run_1")

    for backend in ("asyncio", "trio"):
        with pytest.raises(ValidationError, match="The client is closed"):
            anyio.run(use, backend=backend)


def test_light_imports() -> None:
    """
    Importing the package loads no HTTP library, and a client no pydantic.
    """
    script = (
        "import sys, subconscious, subconscious.exceptions\n"
        "assert 'httpx2' not in sys.modules\n"
        "assert subconscious.Subconscious('sk-test').run.raises\n"
        "assert 'pydantic' not in sys.modules\n"
        "assert 'subconscious_server' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {[*HOMES, *sys.path]!r}\n{script}"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_the_whole_check() -> None:
    """
    The SDK holds every row of `failwell check subconscious`, blocking and awaiting.
    """
    rows = list(check(find_vendor("subconscious")))

    short = [
        (row.promise.name, colour, verdict.reason)
        for row in rows
        for colour, verdict in row.verdicts.items()
        if not verdict.held
    ]
    assert [] == short
    assert len(rows) > 45


def test_waits_on_the_clock_of_the_client() -> None:
    """
    A client waits on the clock that it is given.
    """
    clock = VirtualClock()
    client = Subconscious("sk-test", base_url="http://127.0.0.1:1", clock=clock)

    with pytest.raises(subconscious.SubconsciousError):
        client.get("run_1")
    assert pytest.approx([1, 2, 4], rel=0.25) == clock.waits()
