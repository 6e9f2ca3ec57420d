"""The page about servers: its code runs, and does what is said beside it."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from failwell import Catalogue, Error, Message, field
from failwell.wire import Detail

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"


class ShopError(Error):
    """Base."""

    message: Message = field(kw_only=False)


class AnyError(ShopError):
    """Anything."""


SHOP = Catalogue("shop", base=ShopError, default=AnyError, errors=(ShopError, AnyError), envelope=Detail())

BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def ran(folder: Path, ending: ExitStack) -> dict[str, Any]:
    """What the page's code leaves behind, block after block; `installed` are the contracts in their order.

    The stores that it opens are closed at *ending*.
    """
    names: dict[str, Any] = {"SHOP": SHOP, "folder": folder}
    exec(BLOCKS[0], names)  # noqa: S102 - our own page
    installed, install = [], names["install"]
    names["install"] = lambda *given, **options: installed.append(install(*given, **options))
    for store in ("KeyStore", "SqliteStore"):
        names[store] = _closed_at(ending, names[store])
    for block in BLOCKS[1:]:
        exec(block, names)  # noqa: S102 - our own page
    return {**names, "installed": installed}


def _closed_at(ending: ExitStack, store: Callable[[Path], Any]) -> Callable[[Path], Any]:
    return lambda path: ending.enter_context(closing(store(path)))


def ask(app: Any, method: str, path: str, **given: Any) -> httpx2.Response:
    """The answer of *app*, in-process."""

    async def asked() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://shop") as client:
            return await client.request(method, path, **given)

    return anyio.run(asked)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """What the page's code leaves behind; its stores are closed at the end."""
    with ExitStack() as ending:
        yield ran(tmp_path, ending)


def test_servers_page(page: dict[str, Any]) -> None:
    """
    Every block of docs/servers.md runs, and what is installed answers as the page says.
    """
    first, by_cookie, by_password, bodies, shared, old = page["installed"]
    origin = {"origin": "https://shop.example"}
    basic = {"authorization": "Basic " + base64.b64encode(b"ann:open sesame").decode()}

    assert [401] * 3 == [ask(app, "GET", "/", headers=origin).status_code for app in (first, page["app"], shared)]
    assert "https://shop.example" == ask(first, "GET", "/", headers=origin).headers["access-control-allow-origin"]
    assert 404 == ask(first, "GET", "/health").status_code
    assert [401, 404] == [ask(by_cookie, "GET", "/", headers=it).status_code for it in ({}, {"cookie": "session=s-1"})]
    assert [401, 404] == [ask(by_password, "GET", "/", headers=it).status_code for it in ({}, basic)]
    assert [413, 404] == [ask(bodies, "PUT", it, content=b"x" * 1024**2 + b"x").status_code for it in ("/", "/files/a")]
    assert ({"oops": "not found"}, 401) == (ask(old, "GET", "/v1").json(), ask(old, "GET", "/v2").status_code)


def test_other_frameworks_of_the_page(page: dict[str, Any]) -> None:
    """
    Beside its own pages, an app of each framework answers in the envelope, as the page sets it up.
    """
    from litestar.testing import TestClient

    with TestClient(page["litestar_app"]) as litestar:
        answers = [page["flask_app"].test_client().get("/nowhere").json, litestar.get("/nowhere").json()]
    assert {"number": 7} == page["flask_app"].test_client().get("/orders/7").json
    answers += [anyio.run(_of_quart, page["quart_app"]), anyio.run(_of_aiohttp, page["aiohttp_app"])]

    assert ["There is nothing at this address. Check the path."] * 4 == [answer["detail"] for answer in answers]


async def _of_quart(app: Any) -> Any:
    return await (await app.test_client().get("/nowhere")).get_json()


async def _of_aiohttp(app: Any) -> Any:
    from aiohttp.test_utils import TestClient, TestServer

    async with TestClient(TestServer(app)) as client, client.get("/nowhere") as got:
        return await got.json()


def test_django_of_the_page(tmp_path: Path) -> None:
    """
    The settings that the page has for Django make a project answer in the envelope.
    """
    block = next(block for block in BLOCKS if "ContractMiddleware" in block)
    (tmp_path / "shop_errors.py").write_text(SHOP_ERRORS, "utf-8")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import django
from django.conf import settings
from django.test import Client
names = {{}}
exec({block!r}, names)
own = {{name: names[name] for name in ("MIDDLEWARE", "FAILWELL", "REST_FRAMEWORK")}}
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop_errors", **own)
django.setup()
got = Client(headers={{"x-request-id": "req-1"}}).get("/nowhere")
print(got.status_code, got.headers["x-request-id"], got.json()["detail"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "404 req-1 There is nothing at this address. Check the path.\n" == done.stdout, done.stderr


SHOP_ERRORS = """
from failwell import Catalogue, Error, Message, field
from failwell.wire import Detail


class ShopError(Error):
    message: Message = field(kw_only=False)


class AnyError(ShopError):
    pass


SHOP = Catalogue("shop", base=ShopError, default=AnyError, errors=(ShopError, AnyError), envelope=Detail())
urlpatterns = []
"""
