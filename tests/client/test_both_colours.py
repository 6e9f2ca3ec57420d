from __future__ import annotations

import inspect
from typing import Any

import pytest

from failwell import log_fields
from failwell.client import Resource
from pictograph import AsyncClient, Client
from pictograph.exceptions import PaymentRequiredError, PictographError
from tests.servers.sockets import http, serving

from .colours import KEY, every_colour, mutate, raised

ONLY_OF_ONE = {"__enter__", "__exit__", "__aenter__", "__aexit__", "aclose"}
"""How a `with` and an `async with` begin and end; `aclose` is what other libraries call the `close` that is awaited."""


def members(client: Any) -> dict[str, Any]:
    """What a client and its resources have, by path."""
    found: dict[str, Any] = {}
    for name in sorted({*dir(client)} - ONLY_OF_ONE):
        if name.startswith("_") or name == "core":
            continue
        member = getattr(client, name)
        found[name] = member
        if isinstance(member, Resource):
            found |= {f"{name}.{path}": one for path, one in members(member).items()}
    return found


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, Any], dict[str, Any]]:
    """What both clients have."""
    return members(Client(KEY)), members(AsyncClient(KEY))


def test_the_same_names(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """
    R15. Both clients expose the same names, and so does each of their resources.
    """
    blocking, awaiting = both

    assert list(blocking) == list(awaiting)
    assert "training.wait_for_completion" in blocking


def test_the_same_signatures(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """
    R15. Each method takes the same arguments, with the same defaults and types, in both clients.
    """
    blocking, awaiting = both

    def taken(member: Any) -> object:
        return inspect.signature(member).replace(return_annotation=None) if callable(member) else None

    assert {name: taken(member) for name, member in blocking.items() if not isinstance(member, Resource)} == {
        name: taken(member) for name, member in awaiting.items() if not isinstance(member, Resource)
    }
    own = [inspect.signature(kind).replace(return_annotation=None) for kind in (Client, AsyncClient)]
    kinds = [signature.parameters["http_client"].annotation for signature in own]
    # Type checkers are told which, by the colour: tests/client/test_own_http_client.py has what they refuse.
    assert ["httpx2.Client | httpx2.AsyncClient | None"] * 2 == kinds
    assert [list(own[0].parameters)] == [list(signature.parameters) for signature in own[1:]]


def test_what_a_method_raises(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """
    R15. `client.training.create.raises` is a tuple for an `except`; every operation has one, the same in both clients.
    """
    blocking, awaiting = both
    operations = [name for name, member in blocking.items() if "." in name and callable(member)]

    assert len(operations) >= 30
    assert [blocking[name].raises for name in operations] == [awaiting[name].raises for name in operations]
    assert all(issubclass(one, PictographError) for name in operations for one in blocking[name].raises)
    with serving(http(402, b'{"detail": "Out of credits."}')) as server, Client(KEY, base_url=server.url) as client:
        try:
            client.training.create("ds", "exp")
        except client.training.create.raises as error:
            assert PaymentRequiredError is type(error)  # noqa: PT017 - that it can be written so is the promise


@every_colour
def test_facts_for_a_log(colour: str) -> None:
    """
    R15. `failwell.log_fields(e)` gives the facts as a flat dict of texts and numbers, without key and body.
    """
    echo = b'{"detail": {"message": "No credits for %s", "required": 9}}' % KEY.encode()
    with serving(http(402, echo, f"X-Request-ID: {KEY}")) as server:
        fields = log_fields(raised(colour, mutate, base_url=server.url))

    assert ("PaymentRequiredError", "No credits for ***", 402) == tuple(
        fields[f"error.{name}"] for name in ("type", "message", "status")
    )
    assert all(isinstance(value, str | int | float) for value in fields.values())
    assert KEY not in repr(fields)
