"""What a load balancer and an operator see of one process: health, readiness, draining, shedding, log and counts."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx2
import pytest

from failwell.clock import VirtualClock
from failwell.server import Contract, KeyStore, Service, install
from failwell.server.http.shedding import LONGEST_WAIT, Shedding, retry_after
from tests.hosts import until

from .shop import SHOP, NoMoneyError, NotFoundError, Shop, ask, raising

pytestmark = pytest.mark.anyio


def open_shop(shop: Shop, service: Service, **settings: Any) -> Contract:
    """*shop* as a process that *service* is about."""
    return install(shop.app, SHOP, service=service, **settings)


async def test_health_and_readiness(shop: Shop) -> None:
    """
    A process says that it lives, and that it is ready, to who asks without a key; its answers have a request id.
    """
    contract = open_shop(shop, Service())
    async with ask(contract) as client:
        told = [await client.get(path) for path in ("/healthz", "/readyz")]
        head = await client.head("/readyz")
        posted = await client.post("/readyz")

    assert [(200, {"status": "ok"})] * 2 == [(answer.status_code, answer.json()) for answer in told]
    assert (200, b"", 404) == (head.status_code, head.content, posted.status_code)
    assert all(answer.headers["x-request-id"] for answer in (*told, head))


def broken() -> None:
    """A check that does not hold."""
    raise OSError("connection to 10.0.0.5 refused")


async def broken_later() -> None:
    """Another, which may wait."""
    await anyio.lowlevel.checkpoint()
    raise OSError("connection to 10.0.0.5 refused")


async def never() -> None:
    """One that gives no answer."""
    await anyio.sleep(60)


CHECKS: list[tuple[dict[str, Callable[[], object]], str | None]] = [
    ({}, None),
    ({"store": lambda: False}, None),
    ({"store": broken}, "store"),
    ({"keys": lambda: None, "store": broken_later}, "store"),
    ({"store": never}, "store"),
    ({"keys": broken, "disk": lambda: None, "store": broken}, "keys, store"),
]


@pytest.mark.parametrize(("checks", "failed"), CHECKS)
async def test_checks(
    shop: Shop, caplog: pytest.LogCaptureFixture, checks: dict[str, Callable[[], object]], failed: str | None
) -> None:
    """
    A check that raises, or gives no answer in time, makes the host unready; the client hears its name, the log why.
    """
    clock = VirtualClock()
    contract = open_shop(shop, Service(checks=checks, patience=0.05 if never in checks.values() else 30, clock=clock))
    async with ask(contract) as client:
        first = await client.get("/readyz")
        again = await client.get("/readyz")
        alive = await client.get("/healthz")

    if failed is None:
        assert (200, 200, "") == (first.status_code, alive.status_code, caplog.text)
        return
    message = f"This host is not ready: {failed}. Ask another."
    assert (503, message, "1") == (first.status_code, first.json()["error"]["message"], first.headers["retry-after"])
    assert (503, 200) == (again.status_code, alive.status_code)
    assert failed.count(",") + 1 == caplog.text.count("This host is not ready")
    assert "10.0.0.5" not in first.text


async def test_ready_again(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """
    What a check found is told for a second, however often it is asked for; then it is asked again.
    """
    clock, asked, down = VirtualClock(), list[int](), [1]

    def check() -> None:
        asked.append(1)
        if down:
            raise LookupError("no store")

    contract = open_shop(shop, Service(checks={"store": check}, clock=clock))
    async with ask(contract) as client:
        statuses = [(await client.get("/readyz")).status_code for _ in range(3)]
        down.clear()
        clock.advance(1.0)
        statuses += [(await client.get("/readyz")).status_code for _ in range(3)]

    assert ([503, 503, 503, 200, 200, 200], 2) == (statuses, len(asked))
    assert "This host is ready again." in caplog.text


async def test_draining(shop: Shop) -> None:
    """
    A host that drains is not ready, answers what comes all the same, and ends the connections of who keeps them open.
    """
    service = Service()
    contract = open_shop(shop, service)
    async with ask(contract) as client:
        before = await client.get("/orders/1")
        service.drain()
        after = await client.get("/orders/1")
        ready = await client.get("/readyz")

    assert (200, None, 200, "close") == (
        before.status_code,
        before.headers.get("connection"),
        after.status_code,
        after.headers.get("connection"),
    )
    assert (True, 503, "This host is about to end. Ask another.") == (
        service.draining,
        ready.status_code,
        ready.json()["error"]["message"],
    )


async def test_shed_before_work(shop: Shop) -> None:
    """
    S14. A request too many is refused before its key is looked up or its body read, with 503 and Retry-After.
    """
    clock = VirtualClock()
    service = Service(at_once=2, clock=clock)
    contract = open_shop(shop, service, caller=lambda request: request.headers["x-who"], strict=False)
    held, arrived = anyio.Event(), list[int]()

    @shop.app.get("/slow")
    async def slow() -> dict[str, int]:
        arrived.append(1)
        await held.wait()
        return {}

    answers, refused, alive = list[httpx2.Response](), list[httpx2.Response](), list[httpx2.Response]()
    async with ask(contract) as client, anyio.create_task_group() as group:

        async def call() -> None:
            answers.append(await client.get("/slow", headers={"x-who": "ann"}))

        group.start_soon(call)
        group.start_soon(call)
        while len(arrived) < 2:
            await anyio.lowlevel.checkpoint()
        clock.advance(3.0)
        # Whoever is asked for this request's caller fails: it names nobody.
        refused += [await client.post("/orders", content=b"x" * 100) for _ in range(3)]
        alive.append(await client.get("/healthz"))
        held.set()
    async with ask(contract) as client:
        after = await client.get("/orders/1", headers={"x-who": "ann"})

    assert ([503] * 3, 0) == ([answer.status_code for answer in refused], shop.runs)
    # Two at once, and each of them has lasted 3 s: one place in 1.5 s.
    assert ["2", "3", "5"] == [answer.headers["retry-after"] for answer in refused]
    assert ([200, 200], 200, 200) == (
        [answer.status_code for answer in answers],
        alive[0].status_code,
        after.status_code,
    )
    assert {("BrokenError", "", 503): 3} == contract.errors


async def test_streams_are_at_work_until_they_begin(shop: Shop) -> None:
    """
    S14. A stream takes a place until it begins, an answer that raises gives its place back.
    """
    service = Service(at_once=1)
    contract = open_shop(shop, service)
    shop.steps.append(raising(NotFoundError("Not there.")))
    async with ask(contract) as client:
        statuses = [(await client.get("/orders/1")).status_code for _ in range(3)]
        statuses += [(await client.post("/stream")).status_code for _ in range(3)]

    assert [404, 404, 404, 200, 200, 200] == statuses


async def test_access_log(shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """
    The access log has a line a request: its id, its caller, how it ended; never a query, a header or a body.
    """
    caplog.set_level(logging.INFO, "failwell.access")
    keys = KeyStore(tmp_path / "keys.db")
    contract = open_shop(shop, Service(access_log=True), keys=keys, public=("/nowhere*",))
    async with ask(contract, headers={"X-API-Key": keys.create("acme", "member")}) as client:
        await client.get("/orders/1?secret=canary", headers={"X-Request-ID": "id-1"})
        shop.steps.append(raising(NoMoneyError("canary")))
        await client.post("/orders", headers={"X-Request-ID": "id-2"}, content=b"canary")
        await client.get("/no%0Awhere", headers={"X-API-Key": "canary", "X-Request-ID": "id-3"})
        await client.get("/healthz")
    keys.close()

    lines = [record for record in caplog.records if record.name == "failwell.access"]
    facts = [
        (vars(line)["request_id"], vars(line)["tenant"], vars(line)["status"], vars(line)["error"]) for line in lines
    ]
    expected = [("id-1", "acme", 200, None), ("id-2", "acme", 402, "NoMoneyError"), ("id-3", None, 401, "UnknownError")]
    assert expected == facts
    assert all(line.getMessage().endswith(f"(request {vars(line)['request_id']})") for line in lines)
    assert (True, True) == ("canary" not in caplog.text, "\n" not in lines[2].getMessage())


async def test_metrics(shop: Shop) -> None:
    """
    Errors are counted by class, case and status; Prometheus reads them where the operator says, and nowhere else.
    """
    contract = open_shop(shop, Service(metrics="/metrics"))
    async with ask(contract) as client:
        await client.get("/nowhere")
        shop.steps.append(raising(NotFoundError("Not there.")))
        await client.get("/orders/1")
        told = await client.get("/metrics")
    async with ask(install(Shop().app, SHOP, service=Service())) as client:
        hidden = await client.get("/metrics")

    assert {("NotFoundError", "", 404): 2} == contract.errors
    line = 'failwell_errors_total{catalogue="shop",error="NotFoundError",code="",status="404"} 2'
    assert (200, line) == (told.status_code, told.text.splitlines()[2])
    assert 404 == hidden.status_code


def test_places_follow_the_measured_capacity() -> None:
    """
    S14. Those who are refused come back one after another, as fast as requests were done, and never past the cap.
    """
    shedding = Shedding(4, lambda: 0.5)
    now = 0.0
    for _ in range(200):  # each lasts 0.2 s: 20 a second
        assert None is shedding.enter(now)
        shedding.leave(now, now + 0.2)
        now += 0.2
    for _ in range(4):
        assert None is shedding.enter(now)

    waits = [shedding.enter(now) for _ in range(40)]
    late = [shedding.enter(now) for _ in range(3000)]

    assert pytest.approx(20, rel=0.01) == shedding.capacity(now)
    assert pytest.approx([(place + 1) / 20 for place in range(40)], rel=0.01) == waits
    assert LONGEST_WAIT >= max(wait or 0 for wait in late)
    assert ["1", "1", "2"] == [retry_after(wait) for wait in (0.05, 1.0, 1.01)]


def test_nobody_at_once() -> None:
    """
    A limit that lets nobody work is refused.
    """
    with pytest.raises(ValueError, match="at_once=0 would refuse every request"):
        Service(at_once=0)


APP = """
import asyncio, contextlib, signal, sys
import uvicorn
from fastapi import FastAPI
from failwell.server import Service, install
from tests.server.shop import SHOP

service = Service()

@contextlib.asynccontextmanager
async def lifespan(app):
    service.drain_on(signal.SIGTERM, grace=1.0)
    yield
    print("closed", flush=True)

app = FastAPI(lifespan=lifespan)

@app.get("/slow")
async def slow():
    print("begun", flush=True)
    await asyncio.sleep(1.0)
    return {"done": True}

install(app, SHOP, service=service)
config = uvicorn.Config(app, port=0, log_level="warning")
server = uvicorn.Server(config)
sock = config.bind_socket()
print(sock.getsockname()[1], flush=True)
server.run([sock])
"""


def pass_on(server: subprocess.Popen[str], told: queue.SimpleQueue[str]) -> None:
    """Put each line that *server* prints into *told*."""
    for line in server.stdout or ():
        told.put(line.strip())


@pytest.mark.slow
def test_told_to_end() -> None:
    """
    Told to end, a host is unready at once, still answers while balancers look away, and finishes what it accepted.
    """
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), *sys.path]))
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    with (
        subprocess.Popen(
            [sys.executable, "-c", APP], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}
        ) as server,
        ThreadPoolExecutor() as threads,
    ):
        try:
            assert server.stdout is not None
            threads.submit(pass_on, server, told)
            with httpx2.Client(base_url=f"http://127.0.0.1:{told.get(timeout=60)}", timeout=30) as client:
                before = client.get("/readyz")
                slow = threads.submit(client.get, "/slow")
                assert "begun" == told.get(timeout=30)
                server.send_signal(signal.SIGTERM)
                until(lambda: 503 == client.get("/readyz").status_code)
                missing = client.get("/nowhere")
                answer = slow.result(30)
            assert "closed" == told.get(timeout=30)
        finally:
            server.kill()

    assert (200, 404, "close") == (before.status_code, missing.status_code, missing.headers["connection"])
    assert (200, {"done": True}) == (answer.status_code, answer.json())
