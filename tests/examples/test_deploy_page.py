"""The page about deploying: its code runs, on one machine and on hosts that share a Postgres."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx2
import pytest

from tests.hosts import until

PAGE = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE, re.DOTALL)
ERRORS = '''
import failwell
from failwell.wire import Detail


class ShopError(failwell.Error):
    """Base."""

    message: failwell.Message = failwell.field(kw_only=False)


class NotFoundError(ShopError, status=404):
    """It is not there."""


SHOP = failwell.Catalogue(
    "shop", base=ShopError, default=ShopError, errors=(ShopError, NotFoundError), envelope=Detail()
)
'''


@pytest.fixture(params=["one machine", "several hosts"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The page's app, as a module of its own."""
    for name, text in (("shop_errors", ERRORS), *BLOCKS):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SHOP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    if request.param == "several hosts":
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("postgres_url"))
    yield importlib.import_module("shop")
    for store in (sys.modules["shop"].queue, sys.modules["shop"].answers):
        store.close()
    for name in ("shop", "shop_work", "shop_errors"):
        del sys.modules[name]


@pytest.mark.slow
def test_deploy_page(shop: Any) -> None:
    """
    The app of docs/deploy.md does its jobs, once for each key, and answers what a balancer asks.
    """

    async def asked() -> None:
        headers = {"authorization": "Bearer t-1", "idempotency-key": "k-1"}
        transport = httpx2.ASGITransport(app=shop.app)
        async with (
            shop.app.router.lifespan_context(shop.app),
            httpx2.AsyncClient(transport=transport, base_url="http://shop", headers=headers) as client,
        ):
            accepted = [await client.post("/images/7/resize") for _ in range(2)]
            twice = shop.queue.unfinished()
            job = accepted[0].json()["job"]
            foreign = await client.get(f"/jobs/{job}", headers={"authorization": "Bearer t-2"})
            await anyio.to_thread.run_sync(until, lambda: shop.queue.find(job, tenant="acme").state != "accepted")
            found = await client.get(f"/jobs/{job}")
            told = [(await client.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")]

        assert [202, 202] == [answer.status_code for answer in accepted]
        assert (1, True) == (len({answer.json()["job"] for answer in accepted}), len(twice) <= 1)
        assert {"state": "done", "result": {"image": "7", "width": 640, "under": f"{job}:0"}} == found.json()
        assert (404, [200, 200, 200]) == (foreign.status_code, told)

    anyio.run(asked)


def test_every_block_is_a_module() -> None:
    """
    No block of the page is left out of the test.
    """
    assert ["shop_work", "shop"] == [name for name, _ in BLOCKS]
    assert PAGE.count("```python") == len(BLOCKS)
