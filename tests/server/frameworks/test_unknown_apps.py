"""What is no app of a framework that is known: the error names what was given, and what to do."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from asgiref import wsgi
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from failwell.server import Failwell, install
from failwell.server.frameworks.aiohttp import setup
from tests.server.shop import SHOP

untyped: Any = wsgi
WRAPPED = "Give it the app itself, before it is wrapped in anything."
PLAIN = "A plain ASGI or WSGI app has no errors of a framework to be answered."


class Own:
    """Middleware that nobody knows."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""


class Slotted(Own):
    """The same, without a `__dict__`."""

    __slots__ = ("inner",)


class App:
    """An app of a framework that is not known, which holds itself."""

    def __init__(self) -> None:
        self.handler = self.__call__

    def __call__(self, environ: Any, start_response: Any) -> None:
        """Do nothing."""


def create_app() -> FastAPI:
    """A factory."""
    return FastAPI()


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """An app of no framework."""


def module(name: str, **values: Any) -> ModuleType:
    """A module called *name* with these *values*."""
    made = ModuleType(name)
    vars(made).update(values)
    return made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            CORSMiddleware(Starlette(), allow_origins=["*"]),
            f"a CORSMiddleware of starlette around a Starlette. {WRAPPED}",
        ),
        (Own(FastAPI()), f"an Own of tests around a FastAPI. {WRAPPED}"),
        (Own(Own(Own(Quart("shop")))), f"an Own of tests around a Quart. {WRAPPED}"),
        (Slotted(Litestar(logging_config=None)), f"a Slotted of tests around a Litestar. {WRAPPED}"),
        (Own(web.Application()), f"an Own of tests around a Application. {WRAPPED}"),
        (ProxyFix(Flask("shop").wsgi_app), f"a ProxyFix of werkzeug around a Flask. {WRAPPED}"),
        (DispatcherMiddleware(Flask("shop")), f"a DispatcherMiddleware of werkzeug around a Flask. {WRAPPED}"),
        (untyped.WsgiToAsgi(Flask("shop")), f"a WsgiToAsgi of asgiref around a Flask. {WRAPPED}"),
        (App(), f"an App of tests. {WRAPPED}"),
        (FastAPI, "the class FastAPI. Give it the app itself: FastAPI(...)."),
        (create_app, f"the function create_app. If it makes the app, call it: create_app(). {PLAIN}"),
        (lambda name="shop": Flask(name), f"the function <lambda>. If it makes the app, call it. {PLAIN}"),
        (plain, f"the function plain. If it makes the app, call it: plain(). {PLAIN}"),
        (Flask("shop").wsgi_app, "the method Flask.wsgi_app. Give it the Flask itself."),
        (module("shop", app=FastAPI()), "the module shop. Give it the app in it: shop.app."),
        (module("shop.settings", MIDDLEWARE=[]), "the module shop.settings. Give it the app itself."),
        (None, "None. Give it the app: a function that makes one has to return it."),
        ("shop:app", "the text 'shop:app'. Import the app, and give it the app itself."),
        ([FastAPI()], f"a list. {WRAPPED}"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else "",
)
@pytest.mark.parametrize("way", [install, Failwell, setup])
def test_what_is_no_app_is_told(way: Any, given: Any, said: str) -> None:
    """
    Something else than an app is a TypeError that says what it is, which app is in it, and what to do; for Django too.
    """
    with pytest.raises(TypeError) as raised:
        way(given, SHOP)

    known, _, told = str(raised.value).partition(", this is ")
    assert "install() needs an app of Starlette, FastAPI, Litestar, Quart, aiohttp.web or Flask" == known
    assert f"{said} For Django, put failwell.server.frameworks.django.ContractMiddleware into MIDDLEWARE." == told


@pytest.mark.parametrize(("app", "settings"), [(Flask("shop"), {}), (Quart("shop"), {}), (None, {"public": ("/",)})])
def test_extension_without_a_contract(app: Any, settings: dict[str, Any]) -> None:
    """
    The extension with an app and no contract, or only settings, is a mistake, and does not leave the app without one.
    """
    with pytest.raises(TypeError, match=r"^Failwell\(\) was given no contract\. Give both"):
        Failwell(app, **settings)
