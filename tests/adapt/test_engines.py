"""Retry engines of others, the real libraries, with errors that `raise_for` raised."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import backoff
import pytest
import requests
import stamina
import tenacity
from dbos import DBOS, StepOptions
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import failwell
from failwell.adapt.engines import (
    backoff_waits,
    celery_retried,
    dbos_should_retry,
    give_up,
    should_retry,
    stamina_hook,
    temporal_options,
    tenacity_wait,
)
from tests.adapt.shop import Busy, OutOfStock
from tests.own_sleeps import noted_sleeps

celery: Any = import_module("celery")  # which says nothing of its types
ROUNDS = 5
"""Attempts that each engine makes at most."""


class Shop:
    """A server that gives *answers* (status, Retry-After) to requests of *method*, then 200; *asked* counts them."""

    def __init__(self, *answers: tuple[int, str | None], method: str = "GET") -> None:
        self._left = list(answers)
        self._method = method
        self.asked = 0

    def ask(self) -> int:
        """The status of a success, or the contract's error."""
        self.asked += 1
        status, wait = self._left.pop(0) if self._left else (200, None)
        response = requests.Response()
        response.status_code, response._content = status, b"{}"
        response.request = requests.Request(self._method, "http://shop.test/").prepare()
        response.headers.update({} if wait is None else {"Retry-After": wait})
        return failwell.raise_for(response, Busy, OutOfStock).status_code


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, in no time."""
    return noted_sleeps(monkeypatch)


def by_tenacity(shop: Shop) -> int:
    """With tenacity, 0.5 s apart."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(should_retry),
        wait=tenacity_wait(tenacity.wait_fixed(0.5)),
        stop=tenacity.stop_after_attempt(ROUNDS),
        sleep=time.sleep,
        reraise=True,
    )(shop.ask)


def by_stamina(shop: Shop) -> int:
    """With stamina, 0.5 s apart."""
    timing: dict[str, Any] = {"wait_initial": 0.5, "wait_jitter": 0, "wait_exp_base": 1}
    return stamina.retry(on=stamina_hook, attempts=ROUNDS, timeout=None, **timing)(shop.ask)()


def by_backoff(shop: Shop) -> int:
    """With backoff, up to 0.5 s apart."""
    options: dict[str, Any] = {"base": 1.0, "factor": 0.5}
    decorate = backoff.on_exception(
        backoff_waits, failwell.Error, giveup=give_up, jitter=None, max_tries=ROUNDS, **options
    )
    asked: int = decorate(shop.ask)()
    return asked


ENGINES = {"tenacity": by_tenacity, "stamina": by_stamina, "backoff": by_backoff}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("method", "answers", "asked", "expected"),
    [
        # what comes is (the requests, the waits), and a success or an error
        ("GET", [(503, None)], 2, [0.5]),
        ("GET", [(503, "7")], 2, [7.0]),
        ("GET", [(503, "7"), (503, None), (503, "0")], 4, [7.0, 0.5, 0.5]),
        ("GET", [(503, "3600")], 1, []),
        ("GET", [(409, None)], 1, []),
        ("GET", [(404, "1")], 1, []),
        ("POST", [(503, "7")], 1, []),
        ("GET", [(503, "2")] * 9, ROUNDS, [2.0] * (ROUNDS - 1)),
    ],
    ids=["own backoff", "as asked", "in turn", "too long", "never", "undeclared", "unsafe", "in vain"],
)
def test_sleeping_engines(
    engine: str,
    method: str,
    answers: list[tuple[int, str | None]],
    asked: int,
    expected: list[float],
    *,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    An engine that sleeps repeats what the contract repeats, waits what the server asked for, and else as it is set up.
    """
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)
    shop = Shop(*answers, method=method)

    if asked > len(answers):
        assert 200 == ENGINES[engine](shop)
    else:
        with pytest.raises(failwell.Error):
            ENGINES[engine](shop)

    assert (asked, expected) == (shop.asked, waits)


@pytest.mark.parametrize("engine", ENGINES)
def test_foreign_exceptions(engine: str, waits: list[float]) -> None:
    """
    An exception that is of no contract is not repeated.
    """
    shop = Shop()
    shop.ask = lambda: 1 // 0  # type: ignore[method-assign]

    with pytest.raises(ZeroDivisionError):
        ENGINES[engine](shop)
    assert [] == waits


def worked(shop: Shop, **options: Any) -> tuple[str, int, list[float | None]]:
    """What a worker of Celery makes of a task that asks *shop*: its state, the requests, the countdowns."""
    app = celery.Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
    countdowns: list[float | None] = []

    @celery_retried
    def ordering(_task: Any, _sku: str) -> int:
        return shop.ask()

    order = app.task(bind=True, max_retries=2, **options)(ordering)
    signature = order.signature_from_request

    def noted(*args: Any, **given: Any) -> Any:
        countdowns.append(given["countdown"])
        return signature(*args, **given)

    order.signature_from_request = noted
    return order.apply(("unicorn",)).state, shop.asked, countdowns


@pytest.mark.parametrize(
    ("method", "answers", "expected"),
    [
        ("GET", [(503, "7")], ("SUCCESS", 2, [7.0])),
        ("GET", [(503, None)], ("SUCCESS", 2, [30])),
        ("GET", [(503, "3600")], ("SUCCESS", 2, [3600.0])),
        ("GET", [(409, None)], ("FAILURE", 1, [])),
        ("POST", [(503, "7")], ("FAILURE", 1, [])),
        ("GET", [(503, "7")] * 9, ("FAILURE", 3, [7.0, 7.0, 7.0])),
    ],
    ids=["as asked", "its own", "an hour", "never", "unsafe", "in vain"],
)
def test_celery(
    method: str, answers: list[tuple[int, str | None]], expected: tuple[str, int, list[float | None]]
) -> None:
    """
    Celery runs a task again as the contract says, in as many seconds as the server asked for: also in an hour.
    """
    assert expected == worked(Shop(*answers, method=method), default_retry_delay=30)


def test_celery_autoretry(waits: list[float]) -> None:
    """
    Beside the advice Celery's own `autoretry_for` stays in force for exceptions of other kinds.
    """
    shop = Shop((503, "7"))
    ask, dropped = shop.ask, [ConnectionResetError()]

    def drop_once() -> int:
        if dropped:
            raise dropped.pop()
        return ask()

    shop.ask = drop_once  # type: ignore[method-assign]

    assert ("SUCCESS", 2, [1, 7.0]) == worked(shop, autoretry_for=(OSError,), retry_backoff=True, retry_jitter=False)
    assert [] == waits


def test_celery_called_directly() -> None:
    """
    A task that is called as a function raises the error itself.
    """
    app = celery.Celery("shop", broker="memory://", set_as_current=False)
    shop = Shop((503, "7"))

    @celery_retried
    def order(_task: Any) -> int:
        return shop.ask()

    with pytest.raises(Busy):
        app.task(bind=True)(order)()


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("GET", (503, "7"), ("Busy", False, timedelta(seconds=7))),
        ("GET", (503, None), ("Busy", False, None)),
        ("GET", (503, "3600"), ("Busy", False, timedelta(hours=1))),
        ("GET", (409, None), ("Error", True, None)),
        ("POST", (503, "7"), ("Busy", True, timedelta(seconds=7))),
    ],
    ids=["as asked", "its own", "an hour", "never", "unsafe"],
)
def test_temporal(method: str, answer: tuple[int, str | None], expected: tuple[str, bool, timedelta | None]) -> None:
    """
    What an activity sends to Temporal says whether it is run again, and in how many seconds.
    """
    shop = Shop(answer, method=method)

    def order() -> int:
        try:
            return shop.ask()
        except failwell.Error as error:
            raise ApplicationError(str(error), **temporal_options(error)) from error

    with pytest.raises(ApplicationError) as caught:
        ActivityEnvironment().run(order)
    sent, converter = Failure(), DataConverter.default
    converter.failure_converter.to_failure(caught.value, converter.payload_converter, sent)
    info = sent.application_failure_info

    delay = info.next_retry_delay.ToTimedelta() if info.HasField("next_retry_delay") else None
    assert expected == (info.type, info.non_retryable, delay)


@pytest.fixture(scope="module")
def dbos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """DBOS, on a file of its own."""
    path = tmp_path_factory.mktemp("dbos") / "shop.sqlite"
    DBOS(config={"name": "shop", "system_database_url": f"sqlite:///{path}"})
    DBOS.launch()
    yield
    DBOS.destroy(destroy_registry=True)


@pytest.mark.parametrize(
    ("method", "answers", "asked"),
    [
        ("GET", [(503, None)], 2),
        ("GET", [(503, "7")], 1),
        ("GET", [(409, None)], 1),
        ("POST", [(503, None)], 1),
    ],
    ids=["its own", "longer than its interval", "never", "unsafe"],
)
@pytest.mark.skipif(
    sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42),
    reason="DBOS asks SQLite for unixepoch('subsec'), which it has from 3.42 on: DBOS does not start here",
)
@pytest.mark.usefixtures("dbos")
def test_dbos(method: str, answers: list[tuple[int, str | None]], asked: int) -> None:
    """
    A step of DBOS is run again as the contract says, unless the server asks for more than its interval.
    """
    shop = Shop(*answers, method=method)

    def order() -> int:
        options: StepOptions = {"retries_allowed": True, "interval_seconds": 0.01}
        return DBOS.run_step({**options, "should_retry": dbos_should_retry(0.01)}, shop.ask)

    name = f"order_{method}_{asked}_{len(answers)}_{answers[0]}"
    flow = DBOS.workflow(name=name)(order)
    if asked > len(answers):
        assert 200 == flow()
    else:
        with pytest.raises(failwell.Error):
            flow()
    assert asked == shop.asked


def test_none_is_imported() -> None:
    """
    What engines are told is told without them: none is imported.
    """
    program = "import sys, failwell.adapt.engines; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}

    assert set() == loaded & {"tenacity", "stamina", "backoff", "celery", "temporalio", "dbos"}
