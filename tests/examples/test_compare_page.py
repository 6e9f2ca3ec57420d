"""The page that compares: every cell of its tables is measured here, with the libraries of constraints.txt."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import fastapi_rfc9457
import httpx
import pytest
import requests
import stamina
import tenacity
from fastapi import FastAPI
from fastapi_rfc9457.server import add_problem_handlers, get_problem_docs_router, problems
from httpx_retries import Retry, RetryTransport

import failwell
from benchmarks import comparing
from failwell import Catalogue, Header
from failwell.clock import VirtualClock
from failwell.sandbox.serving import serve
from failwell.server import install
from failwell.wire import Problem
from failwell.wire.envelopes import AnyShape
from tests.own_sleeps import noted_sleeps

PAGE = (Path(__file__).parents[2] / "docs" / "compare.md").read_text("utf-8")
ATTEMPTS = 4
KEY = "sk_canary_0123456789"


class ShopError(failwell.Error):
    """Whatever goes wrong with the shop."""


class OutOfStock(ShopError, status=409, code="out-of-stock"):  # noqa: N818 - as people name them
    """Nothing is left of a product."""

    sku: str = ""


class Busy(ShopError, status=503, retry="transient"):  # noqa: N818 - as people name them
    """Too many customers at once."""

    retry_after: Annotated[int | None, Header("Retry-After")] = None


class Gateway(ShopError, status=502, retry="transient"):  # noqa: N818 - as people name them
    """The shop is not there."""


ERRORS = (OutOfStock, Busy, Gateway)
SHOP = Catalogue("shop", base=ShopError, default=ShopError, errors=ERRORS, envelope=AnyShape())
KEYED = Catalogue("keyed", base=ShopError, default=ShopError, errors=ERRORS, envelope=AnyShape(), idempotency="server")


class OutOfStockProblem(fastapi_rfc9457.Problem):
    """The same for fastapi-rfc9457."""

    type = "out-of-stock"  # type: ignore[mutable-override]  # as its documentation has it
    title = "Out of stock"
    status = 409
    sku: str


class Service:
    """Gives its *answers*, the last of them for ever; *keys* are the idempotency keys that it was sent."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = answers
        self.keys: list[str | None] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        found = self._answers[min(len(self.keys), len(self._answers) - 1)]
        self.keys.append(request.headers.get("idempotency-key"))
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)


class Met(NamedTuple):
    """What became of a call: an *error*, or none; the *waits* before its retries."""

    error: Exception | None
    waits: list[float]


class Way(NamedTuple):
    """One way to call: *call* makes a function of a client that sends, and says what it waited."""

    name: str
    call: Callable[[httpx.Client, str, list[float]], Any]
    transport: Callable[[httpx.MockTransport], Any] = lambda below: below


def by_hand(client: httpx.Client, method: str, _waits: list[float]) -> Any:
    """As httpx's own documentation has it."""
    return client.request(method, "/", headers={"Authorization": f"Bearer {KEY}"}).raise_for_status()


def is_worth_it(problem: BaseException) -> bool:
    """What the documentation of stamina retries: trouble of the network, and 5xx."""
    if isinstance(problem, httpx.HTTPStatusError):
        return problem.response.status_code >= 500
    return isinstance(problem, httpx.HTTPError)


def by_tenacity(client: httpx.Client, method: str, waits: list[float]) -> Any:
    """A decorator around it."""
    decorate = tenacity.retry(
        retry=tenacity.retry_if_exception(is_worth_it),
        wait=tenacity.wait_exponential_jitter(),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    return decorate(by_hand)(client, method, waits)


def by_stamina(client: httpx.Client, method: str, waits: list[float]) -> Any:
    """The same by stamina."""
    return stamina.retry(on=is_worth_it, attempts=ATTEMPTS, timeout=None)(by_hand)(client, method, waits)


def by_rfc9457(client: httpx.Client, method: str, _waits: list[float]) -> Any:
    """The client half of fastapi-rfc9457."""
    response = client.request(method, "/", headers={"Authorization": f"Bearer {KEY}"})
    fastapi_rfc9457.raise_for_problem(response)
    return response


def by_failwell(client: httpx.Client, method: str, waits: list[float], contract: Catalogue = SHOP) -> Any:
    """One call by contract."""
    clock = VirtualClock()
    own = {"Authorization": f"Bearer {KEY}"}
    try:
        return failwell.calling(
            contract,
            lambda attempt: client.request(method, "/", headers={**own, **attempt.headers}),
            method=method,
            clock=clock,
        )
    finally:
        waits += clock.waits()


def with_retries(below: httpx.MockTransport) -> Any:
    """The transport of httpx-retries, with as many attempts as the others."""
    return RetryTransport(below, Retry(total=ATTEMPTS - 1, backoff_factor=0.5))


WAYS = (
    Way("`raise_for_status`", by_hand),
    Way("tenacity", by_tenacity),
    Way("stamina", by_stamina),
    Way("httpx-retries", by_hand, with_retries),
    Way("fastapi-rfc9457", by_rfc9457),
    Way("Failwell", by_failwell),
)


def met(way: Way, service: Service, sleeps: list[float], method: str = "GET") -> Met:
    """What becomes of one call of *service*."""
    sleeps.clear()
    with httpx.Client(transport=way.transport(service.transport), base_url="http://shop") as client:
        try:
            way.call(client, method, sleeps)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is what the table shows
            return Met(problem, list(sleeps))
    return Met(None, list(sleeps))


def answer(status: int, body: object, kind: str = "application/json", **headers: str) -> httpx.Response:
    """One answer of a service."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers={"Content-Type": kind, **named}, content=content)


PROBLEM = "application/problem+json"
GONE = {"type": "out-of-stock", "code": "out-of-stock", "title": "Out of stock", "status": 409, "sku": "unicorn"}
IN_AN_OBJECT = {"error": {"code": "out-of-stock", "message": "None left.", "sku": "unicorn"}}
BUSY = {"type": "busy", "title": "Busy", "status": 503}
FINE = answer(200, {"ok": True})


def busy(**headers: str) -> httpx.Response:
    """The answer of a service that is down."""
    return answer(503, BUSY, PROBLEM, **headers)


def raised(*answers: httpx.Response) -> Callable[[Way, list[float]], str]:
    """The class of the error, and whether its fact is an attribute."""

    def cell(way: Way, sleeps: list[float]) -> str:
        error = met(way, Service(*answers), sleeps).error
        if error is None:
            return "no error"
        name = type(error).__name__.removesuffix("Problem")
        return f"`{name}`" + (", `e.sku`" if getattr(error, "sku", None) == "unicorn" else "")

    return cell


def waited(way: Way, sleeps: list[float]) -> str:
    """Whether the server's seconds are waited for."""
    found = met(way, Service(busy(Retry_After="7"), FINE), sleeps)
    if found.error is not None:
        return "no retry"
    return "after 7 s" if found.waits[-1] >= 7 else "earlier"


def hour(way: Way, sleeps: list[float]) -> str:
    """What becomes of a wait that is too long."""
    service = Service(busy(Retry_After="3600"))
    found = met(way, service, sleeps)
    count = f"{len(service.keys)} request{'s' if len(service.keys) > 1 else ''}"
    longest = max(found.waits, default=0.0)
    known = ", `e.retry_after`" if getattr(found.error, "retry_after", None) == 3600 else ""
    return f"{count}{f', {longest:.0f} s apart' if longest > 60 else ', seconds apart' if longest else ''}{known}"


def posted(way: Way, sleeps: list[float]) -> str:
    """How often an order is sent that may have been taken."""
    service = Service(busy())
    met(way, service, sleeps, "POST")
    return f"{len(service.keys)} x"


CALLS_AT_ONCE = 1000


class AtOnce(VirtualClock):
    """A clock of calls that are made at once: each waits on its own, and no time passes for the others."""

    def sleep(self, seconds: float) -> None:
        """Wait in no time."""


def storm(way: Way, sleeps: list[float]) -> str:
    """How many requests a server that is down gets for many calls at once."""
    service, clock = Service(busy()), AtOnce()
    with httpx.Client(transport=way.transport(service.transport), base_url="http://shop") as client:
        for _ in range(CALLS_AT_ONCE):
            with contextlib.suppress(httpx.HTTPError, fastapi_rfc9457.ProblemError, ShopError):
                if way.call is by_failwell:
                    failwell.calling(SHOP, lambda _attempt: client.get("/"), clock=clock, origin="http://shop")
                else:
                    way.call(client, "GET", sleeps)
    return f"{len(service.keys):,}"


def pickles(way: Way, sleeps: list[float]) -> str:
    """Whether the error comes through a process pool, or a queue."""
    error = met(way, Service(answer(409, GONE, PROBLEM)), sleeps).error
    try:
        read = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception as problem:  # noqa: BLE001 - whatever it is
        return f"`{type(problem).__name__}`"
    return "yes" if str(read) == str(error) else "without its facts"


def leaks(way: Way, sleeps: list[float]) -> str:
    """Whether the caller's key is in what the error holds."""
    echoed = {**GONE, "detail": f"Bad key {KEY}."}
    error = met(way, Service(answer(409, echoed, PROBLEM)), sleeps).error
    held = getattr(error, "request", None)
    asked = dict(held.headers) if held is not None else {}
    facts = {name: value for name, value in vars(error).items() if name != "_request"}
    said = f"{error} {error!r} {facts!r} {asked}"
    return "yes" if KEY in said else "no"


def other(way: Way, sleeps: list[float]) -> str:
    """Whether what is no HTTP call can be repeated: a query of a database."""
    tries: list[int] = []

    def query(*_given: object) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise LookupError("The database is away.")
        return 1

    decorators: dict[str, Callable[[], object]] = {
        "tenacity": tenacity.retry(retry=tenacity.retry_if_exception_type(LookupError))(query),
        "stamina": stamina.retry(on=LookupError)(query),
        "Failwell": lambda: failwell.calling(SHOP, query, clock=VirtualClock()),
    }
    if way.name not in decorators:
        return "no"
    try:
        decorators[way.name]()
    except LookupError:
        return "no"
    return "yes"


CALLS: tuple[tuple[str, Callable[[Way, list[float]], str]], ...] = (
    ("409 in problem+json", raised(answer(409, GONE, PROBLEM))),
    ("409 in an envelope of one's own", raised(answer(409, IN_AN_OBJECT))),
    ("502, a proxy's HTML", raised(answer(502, b"<html>Bad gateway</html>", "text/html"))),
    ("404, problem+json that was cut", raised(answer(404, b'{"type": "out-of-st', PROBLEM))),
    ("503 with Retry-After: 7, then 200", waited),
    ("503 with Retry-After: 3600", hour),
    ("`POST` answered with 503 is sent", posted),
    ("Requests of 1,000 calls at once, all 503", storm),
    ("The error pickles", pickles),
    ("A key that the server echoes is in the error", leaks),
    ("Repeats what is no HTTP call", other),
)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


@pytest.mark.slow
def test_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Every cell about calls is what the library does.
    """
    sleeps = noted_sleeps(monkeypatch)

    measured = [[what, *(cell(way, sleeps) for way in WAYS)] for what, cell in CALLS]

    assert table(["", *(way.name for way in WAYS)], measured) in PAGE


def test_keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the contract says that the server knows idempotency keys, a `POST` is sent again, with one key.
    """
    service, waits = Service(busy()), noted_sleeps(monkeypatch)
    with httpx.Client(transport=service.transport, base_url="http://shop") as client, pytest.raises(Busy):
        by_failwell(client, "POST", waits, KEYED)

    assert (ATTEMPTS, 1, False) == (len(service.keys), len(set(service.keys)), None in service.keys)


def routes(app: FastAPI, problem: Exception, **declared: Any) -> None:
    """What both servers answer."""

    @app.get("/orders/{number}", **declared)
    def order(number: int) -> None:
        raise problem

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("sk_secret")


def by_their_server() -> FastAPI:
    """A server with fastapi-rfc9457."""
    app = FastAPI()
    add_problem_handlers(app, strip_debug=True)
    app.include_router(get_problem_docs_router(), prefix="/problems")
    routes(app, OutOfStockProblem(sku="unicorn"), responses=problems(OutOfStockProblem))
    return app


def by_our_server() -> FastAPI:
    """The same with ours, in the same envelope."""
    app = FastAPI()
    routes(app, OutOfStock(sku="unicorn"))
    install(app, Catalogue("shop", base=ShopError, default=ShopError, errors=ERRORS, envelope=Problem()))
    return app


@contextmanager
def served(app: Callable[[], FastAPI]) -> Generator[Callable[[str], requests.Response]]:
    """Asks *app* on a socket."""
    with serve(app()) as address:
        yield lambda path: requests.get(f"{address}{path}", timeout=5)


def is_problem(response: requests.Response) -> str:
    """Whether *response* is in the envelope of the contract."""
    return "yes" if PROBLEM in response.headers["content-type"] else "no"


SERVERS: tuple[tuple[str, Callable[[Callable[[str], requests.Response]], str]], ...] = (
    ("An error of the contract is problem+json", lambda ask: is_problem(ask("/orders/1"))),
    (
        "So are 422 and 404 of FastAPI",
        lambda ask: " ".join({is_problem(ask(path)) for path in ("/orders/x", "/x")}),
    ),
    (
        "So is a bug, as 500, without its text",
        lambda ask: is_problem(ask("/broken")) if "sk_" not in ask("/broken").text else "no",
    ),
    ("Every error has a request id", lambda ask: "yes" if "x-request-id" in ask("/orders/1").headers else "no"),
    (
        "Errors are in the app's OpenAPI document",
        lambda ask: "yes" if "409" in str(ask("/openapi.json").json()["paths"]) else "no",
    ),
    (
        "The server has a page on each type",
        lambda ask: "yes" if ask("/problems/out-of-stock").status_code == 200 else "no",
    ),
)


def test_servers() -> None:
    """
    Every cell about servers is what the library does on a socket.
    """
    with served(by_their_server) as theirs, served(by_our_server) as ours:
        measured = [[what, cell(theirs), cell(ours)] for what, cell in SERVERS]

    assert table(["", "fastapi-rfc9457", "Failwell"], measured) in PAGE


@pytest.mark.parametrize("name", ["fastapi-rfc9457", "httpx-retries", "stamina", "tenacity", "httpx"])
def test_versions(name: str) -> None:
    """
    The page names the versions that were measured.
    """
    assert re.search(rf"\b{name} {re.escape(version(name))}\b", PAGE)


def test_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The block of the page repeats by the advice of the contract, after the seconds that the server named.
    """
    sleeps = noted_sleeps(monkeypatch)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, "compare.md", "exec", dont_inherit=True), names)  # noqa: S102 - our own page
    service = Service(busy(Retry_After="7"), answer(200, {"teapots": 7}))

    with httpx.Client(transport=service.transport, base_url="http://shop") as client:
        assert (7, [7.0]) == (names["stock"](client), sleeps)


def test_ways_of_the_benchmark() -> None:
    """
    Every way that is measured comes to the same success.
    """
    for name, call in comparing.ways().items():
        found = call()
        if found is not None:  # fastapi-rfc9457 gives nothing back
            assert isinstance(found, httpx.Response), name
            assert {"ok": True} == found.json(), name


def test_costs() -> None:
    """
    The page has a cost for every way that is measured.
    """
    assert [] == [name for name in comparing.ways() if name != "bare" and f"| {name} |" not in PAGE]


def test_what_others_have() -> None:
    """
    What the page says that stamina has, it has.
    """
    stamina.set_active(False)
    try:
        assert not stamina.is_active()
    finally:
        stamina.set_active(True)
    hooks = (stamina.instrumentation.PrometheusOnRetryHook, stamina.instrumentation.StructlogOnRetryHook)
    assert 2 == len({id(hook) for hook in hooks})
