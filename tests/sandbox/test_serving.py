from __future__ import annotations

import gc
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from failwell.sandbox import SandboxError, serve

from .sockets import until


async def _hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def app(*, seen: list[str] | None = None, problem: Exception | None = None) -> Starlette:
    """An app that tells *seen* of its start and its end, or does not start because of *problem*."""
    told = [] if seen is None else seen

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        if problem is not None:
            raise problem
        told.append("started")
        yield
        told.append("ended")

    return Starlette(routes=[Route("/", _hello)], lifespan=lifespan)


def threads() -> list[str]:
    """The names of the threads that serve something."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("failwell-")]


@pytest.fixture
def nothing_left() -> Callable[[], bool]:
    """Whether all threads that serve something, beside those of other tests, have ended."""
    before = threads()
    return lambda: sorted(before) == sorted(threads())


def test_served_for_a_block(nothing_left: Callable[[], bool]) -> None:
    """
    An app is served on a free port of this machine for the length of a `with` block, its lifespan included.
    """
    seen: list[str] = []

    with serve(app(seen=seen)) as url:
        seen.append(httpx2.get(url).text)

    assert ["started", "hello", "ended"] == seen
    assert ("http", "127.0.0.1") == (urlsplit(url).scheme, urlsplit(url).hostname)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
    until(nothing_left)


def test_error_in_the_block(nothing_left: Callable[[], bool]) -> None:
    """
    An error in the block ends the serving, and is raised as it is.
    """
    seen: list[str] = []

    with pytest.raises(ZeroDivisionError), serve(app(seen=seen)):
        raise ZeroDivisionError

    assert ["started", "ended"] == seen
    until(nothing_left)


@pytest.mark.filterwarnings("error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning")
def test_app_that_does_not_start(nothing_left: Callable[[], bool]) -> None:
    """
    An app that refuses to start is a SandboxError; no thread and no open socket is left.
    """
    with pytest.raises(SandboxError) as caught, serve(app(problem=OSError("no disk"))):
        pass

    assert "The reference server did not start: its start-up failed. Its log tells why." == str(caught.value)
    until(nothing_left)
    del caught
    gc.collect()


def test_two_at_once() -> None:
    """
    Two apps are served at once, each on a port of its own.
    """
    with serve(app()) as one, serve(app()) as two:
        assert ("hello", "hello") == (httpx2.get(one).text, httpx2.get(two).text)
        assert one != two


def test_only_this_machine() -> None:
    """
    It is there for 127.0.0.1, and for no other address of the machine.
    """
    with serve(app()) as url, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(url).port or 0), timeout=1)


def test_idle_connections_do_not_hold_it_up(nothing_left: Callable[[], bool]) -> None:
    """
    A client that keeps its connection open does not keep the serving from ending.
    """
    with httpx2.Client() as client:
        with serve(app()) as url:
            client.get(url)

        until(nothing_left)
