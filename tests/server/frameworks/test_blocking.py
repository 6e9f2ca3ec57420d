"""What goes on beside a blocking app, in whose thread no event loop runs."""

from __future__ import annotations

import threading
import time

import anyio
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from flask import Flask
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from failwell.server import BodyLimits, Failwell
from failwell.server.frameworks.blocking import BlockingFramework
from tests.server.shop import SHOP

from .on_django import HERE, Contracted

ONE = f"{HERE}.{Contracted.__name__}"


def test_work_beside_an_app_that_blocks() -> None:
    """
    S5. A lease is renewed while a Flask or Django app blocks its thread, and no longer than that.
    """
    began, over = threading.Event(), threading.Event()

    async def renewing() -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            over.set()

    async def blocked() -> tuple[bool, bool]:
        async with BlockingFramework(None).beside(renewing, after=0.0):
            seen = began.wait(10)  # the loop of this thread stands still meanwhile
        return seen, over.wait(10)

    assert (True, True) == anyio.run(blocked)


class Trickling:
    """A body of which there is one byte at a time, for ever."""

    def read1(self, most: int = -1) -> bytes:
        time.sleep(0.001 * abs(most > 0))
        return b"x"

    read = read1


def test_body_that_trickles() -> None:
    """
    A body that trickles into a WSGI server is a 408 when its time is over, though every single read returns.
    """
    app = Flask("slow")
    Failwell(app, SHOP, bodies=BodyLimits(seconds=0.02))
    environ = EnvironBuilder(method="POST", path="/orders").get_environ()
    response = Response.from_app(app.wsgi_app, {**environ, "CONTENT_LENGTH": "1000000", "wsgi.input": Trickling()})

    assert (408, ["error", "request_id"]) == (response.status_code, sorted(response.get_json()))


def test_two_contracts_of_django(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A second contract in `MIDDLEWARE` is refused by its name, wherever it stands.
    """
    monkeypatch.setattr(settings, "FAILWELL", {"contract": SHOP}, raising=False)
    monkeypatch.setattr(settings, "MIDDLEWARE", [ONE, "django.middleware.common.CommonMiddleware", ONE])

    with pytest.raises(ImproperlyConfigured, match=r"MIDDLEWARE has 2 contracts: tests.*An app has one"):
        Contracted(lambda _: HttpResponse())
