from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from failwell.sandbox import Answer, Sandbox
from scopix import RateLimitError, ServerError
from scopix_server.vendor import VENDOR
from tests.documented.watched import Program
from tests.own_sleeps import noted_sleeps


class APIError(Exception):
    """What the page raises, and does not define."""

    def __init__(self, *, code: str | None, message: str | None, request_id: str | None) -> None:
        super().__init__(code, message, request_id)
        self.code, self.message, self.request_id = code, message, request_id


class MaxRetriesExceeded(Exception):  # noqa: N818 - the page calls it so
    """The same."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The reference server on a socket."""
    with Sandbox(VENDOR, data=tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the snippet slept, which took no time."""
    seconds = noted_sleeps(monkeypatch)
    monkeypatch.setattr("random.random", lambda: 0.5)
    return seconds


@pytest.fixture
def program() -> Program:
    """The snippet of the page."""
    return Program("scopix-api", 55, 61)


@pytest.fixture
def ask(running: Sandbox, program: Program) -> Callable[..., Any]:
    """Calls the function of the snippet, watched."""

    def call(path: str, role: str = "member", **more: Any) -> Any:
        names = anyio.run(lambda: program.run(APIError=APIError, MaxRetriesExceeded=MaxRetriesExceeded))
        headers = {"Authorization": f"Bearer {running.keys[role]}"}
        with program.watched():
            return names["api_request_with_retry"]("GET", running.url + path, headers=headers, timeout=30, **more)

    return call


@pytest.mark.documented("scopix-api", lines=(55, 61))
def test_each_outcome(
    running: Sandbox, program: Program, ask: Callable[..., Any], waited: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """
    The result comes after a wait as asked, and one of 2 s and some; else it is an `APIError`, or three tries failed.
    """
    running.next(RateLimitError("Slow down.", retry_after=7))
    running.next(ServerError("Down."))
    assert [] == ask("/files")["data"]
    assert ([7, 2.25], "Rate limited. Waiting 7s...\nServer error. Retrying in 2.2s...\n") == (
        waited,
        capsys.readouterr().out,
    )

    with pytest.raises(APIError) as refused:
        ask("/files", "expired")
    assert "EXPIRED_API_KEY" == refused.value.code
    assert refused.value.message
    assert refused.value.request_id

    waited.clear()
    running.arm(Answer(503), times=3)
    with pytest.raises(MaxRetriesExceeded, match="Failed after 3 attempts"):
        ask("/files")
    assert [1.25, 2.25, 4.25] == waited

    # What was run before the call is the module itself.
    with program.watched():
        anyio.run(program.run)
    assert program.lines == program.seen


@pytest.mark.documented("scopix-api", lines=(55, 61))
def test_waits_five_seconds_where_nothing_is_asked(
    running: Sandbox, ask: Callable[..., Any], waited: list[float]
) -> None:
    """
    Without a Retry-After it waits 5 s.
    """
    running.next(RateLimitError("Slow down."))

    assert "data" in ask("/files")
    assert [5] == waited


@pytest.mark.documented("scopix-api", lines=(55, 61))
def test_what_handlers_say(ask: Callable[..., Any], waited: list[float]) -> None:
    """
    The page's function reads the first shape of bodies only: of a handler's error it knows neither code nor message.
    """
    with pytest.raises(APIError) as refused:
        ask("/files/img_1")

    assert (None, None, None, []) == (refused.value.code, refused.value.message, refused.value.request_id, waited)
