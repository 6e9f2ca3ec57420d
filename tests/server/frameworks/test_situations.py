"""One contract on every framework: the same situations, over real sockets, with the same bytes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, Response as LitestarResponse
from litestar.testing import TestClient
from quart import Quart
from starlette.applications import Starlette

from failwell.server import Failwell, install
from failwell.server.errors.unwrapping import single
from failwell.server.frameworks.aiohttp import setup
from failwell.server.frameworks.litestar import FailwellPlugin
from tests.server.shop import SHOP

from .acts import Desk
from .differences import DIFFERENCES
from .serving import NOT_OURS, OF_LIMITS, ask, varying
from .situations import CANARY, SITUATIONS, Ask

EFFECT = "side-effect"
EXPOSED = "access-control-expose-headers"
EXPOSED_TO_SCRIPTS = {"x-request-id", "retry-after", "ratelimit"}
ROLES = {"limited": "member"}
FRAMEWORKS = ("starlette", "fastapi", "litestar", "quart", "aiohttp", "flask", "django", "django_asgi")


@dataclass
class Served:
    """A shop that is served: with which framework, and where."""

    framework: str
    port: int
    desk: Desk


def running(framework: str, folder: Path) -> Iterator[Served]:
    """The shop on *framework*, which keeps its files in *folder*."""
    module = import_module(f".on_{framework}", __package__)
    desk = Desk(folder)
    with module.served(module.app(desk)) as port:
        yield Served(framework, port, desk)
    desk.close()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The shop on each framework, started once."""
    yield from running(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situation(shop: Served, situation: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    S9, S10, S13. What a client reads is the same on every framework, but for what the table of differences lists.
    """
    difference = DIFFERENCES[shop.framework].get(situation)
    asks = SITUATIONS[situation] if difference is None else difference.instead
    caplog.set_level(logging.CRITICAL)
    keys = {
        role: shop.desk.keys.create(situation, ROLES.get(role, role), tier="slow" if role == "limited" else "")
        for role in {asked.role for asked in asks} - {""}
    }
    for asked in asks:
        got = ask(shop.port, asked, keys.get(asked.role, ""))
        left_out = NOT_OURS | (OF_LIMITS - {*asked.headers}) | {"vary"}
        headers = {name: value for name, value in got.headers.items() if name not in left_out}
        expected = {name: value for name, value in asked.headers.items() if name != "vary"} | {"x-request-id": "req-1"}
        exposed = varying(headers.pop(EXPOSED, ""), asked.sent)
        effect = headers.pop(EFFECT, None)

        assert (asked.status, asked.body, expected, not asked.cut) == (got.status, got.body, headers, got.whole)
        assert (asked.status >= 400) == (effect is not None)
        assert varying(asked.varies, asked.sent) == varying(got.headers.get("vary"), asked.sent)
        if asked.length is not None or asked.body:
            known = None if asked.line.startswith("GET /stream/") else asked.length or len(asked.body)
            assert asked.cut or known == got.length
        assert asked.line.startswith("OPTIONS") or "origin" not in asked.sent or EXPOSED_TO_SCRIPTS <= exposed
        assert CANARY.encode() not in got.body
        assert CANARY not in str(got.headers)


@pytest.mark.parametrize(
    ("target", "content", "said"),
    [
        ("POST /orders", b"money", ["none;key", "none;key"]),
        ("POST /orders", b"bug", ["none;key", "none;key"]),
        ("POST /orders", b"taken", ["done", "done"]),
        ("POST /nowhere", b"", ["none;key", "none;key"]),
        ("GET /raise/http404", b"", ["none"]),
    ],
)
def test_side_effect_is_said_on_errors(shop: Served, target: str, content: bytes, said: list[str]) -> None:
    """
    R16. On every framework an error says whether a side effect had begun, and so does its replay.
    """
    key = shop.desk.keys.create(f"effects of {target} {content.decode()}", "member")
    sent = {"idempotency-key": "k"} if target.startswith("POST") else {}
    got = [ask(shop.port, Ask(target, 0, sent=sent, content=content), key) for _ in said]

    assert said == [each.headers.get(EFFECT) for each in got]


def test_by_hand_is_counted(shop: Served, caplog: pytest.LogCaptureFixture) -> None:
    """
    An error that a handler answers by hand is told of in the log, the first time; the framework's own are not.
    """
    caplog.set_level(logging.WARNING, "failwell.server")
    key = shop.desk.keys.create("counted", "member")
    for path in ("/page/barred", "/page/barred", "/nowhere"):
        ask(shop.port, Ask(f"GET {path}", 0), key)

    told = [record.getMessage() for record in caplog.records if record.name == "failwell.server"]
    assert [("GET '/page/barred': 451", True)] == [(line[:23], "answered by hand" in line) for line in told]


@pytest.mark.parametrize("after", [b"", b"half a "])
def test_client_that_leaves(shop: Served, after: bytes) -> None:
    """
    S10. A client that leaves in the middle of its request costs the others nothing.
    """
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {shop.desk.keys.create('left', 'member')}\r\n"
    with socket.create_connection(("127.0.0.1", shop.port), timeout=10) as line:
        line.sendall(f"{head}Content-Length: 12\r\n\r\n".encode() + after)

    asked = SITUATIONS["a success"][0]
    assert asked.body == ask(shop.port, asked, shop.desk.keys.create("stays", "member")).body


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_differences_are_reasoned(framework: str) -> None:
    """
    What a framework does otherwise is said with its reason, and is another answer than that of the others.
    """
    differences = DIFFERENCES[framework]

    assert set() == {*differences} - {*SITUATIONS}
    assert [] == [name for name, each in differences.items() if not each.reason.endswith(".")]
    assert [] == [name for name, each in differences.items() if each.instead == SITUATIONS[name]]


def started(app: Litestar) -> Litestar:
    """*app*, when it has been started."""
    try:
        with TestClient(app):
            return app
    except ExceptionGroup as problem:
        raise single(problem) from None  # as Litestar's client raises it


def with_plugins(number: int) -> Litestar:
    """A Litestar app with as many contracts."""
    return Litestar(logging_config=None, plugins=[FailwellPlugin(SHOP) for _ in range(number)])


def twice(first: Any, second: Any, app: Any) -> None:
    """Put a contract around *app* in two ways."""
    first(app, SHOP)
    second(app, SHOP)


TWO_CONTRACTS: dict[str, Callable[[], object]] = {
    "fastapi": lambda: twice(install, install, FastAPI()),
    "starlette": lambda: twice(install, install, Starlette()),
    "starlette, around what install() gave": lambda: install(install(Starlette(), SHOP), SHOP),
    "litestar": lambda: twice(install, install, Litestar(logging_config=None)),
    "litestar, two plugins": lambda: started(with_plugins(2)),
    "litestar, a plugin and install": lambda: install(started(with_plugins(1)), SHOP),
    "litestar, install and a plugin": lambda: twice(install, lambda app, _: started(app), with_plugins(1)),
    "quart": lambda: twice(install, install, Quart("shop")),
    "quart, the extension": lambda: twice(Failwell, Failwell, Quart("shop")),
    "aiohttp": lambda: twice(install, setup, web.Application()),
    "aiohttp, setup": lambda: twice(setup, setup, web.Application()),
    "flask": lambda: twice(install, install, Flask("shop")),
    "flask, the extension": lambda: twice(Failwell, install, Flask("shop")),
}
"""Each way of each framework; that of Django, whose settings are checked, stands in test_blocking.py."""


@pytest.mark.parametrize("way", TWO_CONTRACTS)
def test_two_contracts(way: str) -> None:
    """
    An app that has a contract gets no second one, on any framework.
    """
    with pytest.raises(ValueError, match=r"has a contract already, that of 'shop'\. Call install\(\) once"):
        TWO_CONTRACTS[way]()


def test_litestar_may_start_again() -> None:
    """
    An app with one plugin may be started twice, and has one contract.
    """
    app = with_plugins(1)
    contracts = [started(app).state["failwell_contract"] for _ in range(2)]

    assert contracts[0] is contracts[1]


def answering_litestar(_: object, exc: Exception) -> LitestarResponse[dict[str, int]]:
    """An app's own handler."""
    return LitestarResponse({"own": 1}, status_code=404)


@pytest.mark.parametrize("own", ["flask", "quart", "litestar"])
def test_own_handlers(own: str) -> None:
    """
    Error handlers of the app's own are refused; with `paths=` they answer what the contract does not cover.
    """
    bare: Any = Flask("old") if own == "flask" else Quart("old")
    if own == "litestar":
        bare = Litestar(
            logging_config=None, exception_handlers={404: lambda _, exc: LitestarResponse({"own": 1}, status_code=404)}
        )
    else:
        bare.register_error_handler(404, lambda exc: ({"own": 1}, 404))
    with pytest.raises(ValueError, match=r"handlers of its own for: (404|NotFound)\. The contract answers those"):
        install(bare, SHOP)
    install(bare, SHOP, paths=("/v2/*",))

    if own == "litestar":
        with TestClient(bare) as client:
            answers = [client.get(path).json() for path in ("/v1", "/v2/x")]
    elif own == "flask":
        answers = [bare.test_client().get(path).json for path in ("/v1", "/v2/x")]
    else:
        answers = [asyncio.run(_of_quart(bare, path)) for path in ("/v1", "/v2/x")]
    assert [["own"], ["error", "request_id"]] == [sorted(answer) for answer in answers]


async def _of_quart(app: Quart, path: str) -> Any:
    return await (await app.test_client().get(path)).get_json()
