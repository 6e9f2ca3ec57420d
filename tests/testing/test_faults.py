"""Any ASGI app behind the fault layer."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from failwell.clock import VirtualClock
from failwell.sandbox import Answer, BadScriptError
from failwell.testing import faults
from pictograph import NotFoundError
from pictograph.exceptions import CATALOGUE


async def hello(_request: Any) -> PlainTextResponse:
    """Say so."""
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


def test_an_app_without_a_catalogue() -> None:
    """
    Any ASGI app will do: without a catalogue steps can be armed, and errors are refused.
    """
    with faults(APP, keys={"member": "k"}) as sandbox:
        sandbox.arm(Answer(502, (), b"proxy"))
        told = [httpx2.get(sandbox.url).text for _ in range(2)]
        with pytest.raises(BadScriptError, match="the catalogue 'app' does not have"):
            sandbox.next(NotFoundError("x"))

        assert (["proxy", "hello"], {"member": "k"}) == (told, sandbox.keys)


def test_an_app_with_a_catalogue() -> None:
    """
    With a catalogue its errors can be armed, on the clock that is given.
    """
    clock = VirtualClock()
    with faults(APP, CATALOGUE, clock=clock) as sandbox:
        sandbox.next(NotFoundError("None here."))
        found = httpx2.get(sandbox.url)

        assert (404, {"detail": "None here."}, clock) == (found.status_code, found.json(), sandbox.clock)
