"""Spans and figures, as the SDK of OpenTelemetry exports them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.metrics import _internal as metrics_internal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from failwell import BreakerRules, BudgetRules, Resilience
from failwell.clock import VirtualClock
from pictograph import AsyncClient, Client, PictographError
from pictograph.exceptions import NetworkError, RateLimitError
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY, RUN, asked, every_colour, of_probe, raised, read
from .probe import blocking, core
from .streams import ENDLESS, Streams, gathered, streaming

FINE = http(200, RUN)
PATH = "/api/v1/developer/training/run_1"
PATIENCE = 10.0


@dataclass
class Exported:
    """What was exported to memory."""

    provider: TracerProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans, in the order in which they began."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and point of each series of the metric *name*."""
        data = self.reader.get_metrics_data()
        found = [
            metric
            for resource in (data.resource_metrics if data is not None else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
        ]
        return [(dict(point.attributes or {}), point) for metric in found for point in metric.data.data_points]

    def counts(self, name: str) -> list[tuple[dict[str, Any], int | float]]:
        """Attributes and value of each series of the counter *name*."""
        return [(given, point.value) for given, point in self.points(name) if isinstance(point, NumberDataPoint)]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Generator[Exported]:
    """OpenTelemetry, set up for one test."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    # The API lets a process set them once only; the tests of one process need many.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    monkeypatch.setattr(metrics_internal, "_METER_PROVIDER", meters)
    before = context.get_current()
    yield Exported(tracers, exporter, reader)
    assert before == context.get_current(), "a span was left behind as the current one"
    tracers.shutdown()
    meters.shutdown()


def of(span: ReadableSpan) -> dict[str, Any]:
    """The attributes of *span*."""
    return dict(span.attributes or {})


def parent(span: ReadableSpan) -> int | None:
    """The id of the span that *span* is below of."""
    return None if span.parent is None else span.parent.span_id


def identity(span: ReadableSpan) -> int:
    """The id of *span*."""
    return span.get_span_context().span_id  # type: ignore[union-attr]


@every_colour
def test_spans_of_a_call(colour: str, exported: Exported) -> None:
    """
    A call is a span with its operation as name, each attempt a CLIENT span below it, by the conventions for HTTP.
    """
    with serving(http(503), FINE) as server:
        asked(colour, read, base_url=server.url, max_retries=1, clock=VirtualClock())
        port, address = server.port, server.url + PATH
    call, first, second = exported.spans

    where = {"server.address": "127.0.0.1", "server.port": port, "failwell.operation": "training.get"}
    attempt = {**where, "http.request.method": "GET", "network.protocol.version": "1.1", "url.full": address}
    assert [("training.get", SpanKind.INTERNAL), ("GET", SpanKind.CLIENT), ("GET", SpanKind.CLIENT)] == [
        (span.name, span.kind) for span in exported.spans
    ]
    assert {**where, "failwell.attempts": 2} == of(call)
    assert {**attempt, "http.response.status_code": 503, "error.type": "503"} == of(first)
    assert {**attempt, "http.response.status_code": 200, "http.request.resend_count": 1} == of(second)
    assert [StatusCode.UNSET, StatusCode.ERROR, StatusCode.UNSET] == [
        span.status.status_code for span in exported.spans
    ]
    assert [None, identity(call), identity(call)] == [parent(span) for span in exported.spans]


@every_colour
def test_the_server_is_told(colour: str, exported: Exported) -> None:
    """
    Each attempt carries the id of its own span as `traceparent`.
    """
    with serving(http(503), FINE) as server:
        asked(colour, read, base_url=server.url, max_retries=1, clock=VirtualClock())

    _, *attempts = exported.spans
    assert [f"{identity(span):016x}" for span in attempts] == [
        seen.headers["traceparent"].split("-")[2] for seen in server.seen
    ]


@every_colour
def test_a_stranger_is_not_told(colour: str, exported: Exported) -> None:
    """
    Another server than the client's own is told neither the trace nor the baggage, and no signature is exported.
    """
    with serving(http(200, b"{}")) as own, serving(http(200, b"{}")) as other:
        urls = [f"{server.url}/k" for server in (own, other)]
        token = context.attach(baggage.set_baggage("tenant", "acme"))
        try:
            for url in urls:
                put = of_probe(lambda probe, to=f"{url}?sig=1": probe.put(b"x", to=to))
                asked(colour, put, base_url=own.url)
        finally:
            context.detach(token)

    assert {"traceparent", "baggage"} <= own.seen[0].headers.keys()
    assert set() == {"traceparent", "baggage"} & other.seen[0].headers.keys()
    assert urls == [of(span)["url.full"] for span in exported.spans if span.name == "PUT"]


def silence(peer: Peer) -> None:
    """Say nothing."""
    peer.silence()


@every_colour
@pytest.mark.parametrize(
    ("step", "status", "kind"),
    [
        (http(404, b'{"detail": "No"}'), 404, "404"),
        (lambda peer: peer.reset(), None, "network"),
        (silence, None, "timeout"),
        (http(200, b"\x1f\x8bnot", "Content-Encoding: gzip"), 200, "unreadable"),
        (http(200, b"<html>"), 200, None),
    ],
    ids=["404", "reset", "silence", "gzip", "html"],
)
def test_errors(step: Step, status: int | None, kind: str | None, colour: str, exported: Exported) -> None:
    """
    `error.type` is the status of an attempt or why there was none, and on the call's span the class that is raised.
    """
    with serving(step) as server:
        error = raised(colour, read, base_url=server.url, timeout=0.3 if kind == "timeout" else 30.0)
    call, attempt = exported.spans

    assert (status, kind) == (of(attempt).get("http.response.status_code"), of(attempt).get("error.type"))
    assert (kind is not None) == (attempt.status.status_code is StatusCode.ERROR)
    assert StatusCode.ERROR == call.status.status_code
    assert f"pictograph.exceptions.{type(error).__name__}" == of(call)["error.type"]


def test_durations(exported: Exported) -> None:
    """
    Each attempt counts into `http.client.request.duration`, in seconds, divided as the conventions advise.
    """
    clock, statuses = VirtualClock(), iter([503, 200])

    def answer(_request: httpx2.Request) -> httpx2.Response:
        clock.advance(0.3)
        return httpx2.Response(next(statuses), content=RUN)

    own = httpx2.Client(transport=httpx2.MockTransport(answer))
    read(Client(KEY, base_url="https://api.test", http_client=own, clock=clock))

    about = {"http.request.method": "GET", "server.address": "api.test", "server.port": 443}
    found = exported.points("http.client.request.duration")
    assert [
        {**about, "http.response.status_code": 200},
        {**about, "http.response.status_code": 503, "error.type": "503"},
    ] == sorted((given for given, _ in found), key=lambda given: given["http.response.status_code"])
    for _, point in found:
        assert isinstance(point, HistogramDataPoint)
        assert 1 == point.count
        assert pytest.approx(0.3) == point.sum
        assert (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10) == tuple(
            point.explicit_bounds
        )
        assert 1 == point.bucket_counts[7]


@every_colour
def test_each_suppressed_retry_is_visible(colour: str, exported: Exported) -> None:
    """
    R10. Each suppressed retry is visible on the exception, on the span of the call, and in metrics.
    """
    rules = Resilience(BudgetRules(floor=2, per_call=0.0))
    errors: list[PictographError] = []
    clock = VirtualClock()
    with serving(http(500)) as server:
        settings = {"base_url": server.url, "max_retries": 2, "clock": clock, "resilience": rules}
        errors += [raised(colour, read, **settings) for _ in range(4)]
        about = {"failwell.operation": "training.get", "server.address": "127.0.0.1", "server.port": server.port}

    by = [error.suppression and error.suppression.by for error in errors]
    assert [None, "budget", "budget", "budget"] == by
    assert by == [of(span).get("failwell.suppression") for span in exported.spans if span.kind is SpanKind.INTERNAL]
    assert [(about, 2)] == exported.counts("failwell.client.retries")
    assert [({**about, "failwell.suppression": "budget"}, 3)] == exported.counts("failwell.client.retries_suppressed")
    assert 4 + 2 == len(server.seen)


@every_colour
def test_refused_calls(colour: str, exported: Exported) -> None:
    """
    A call that is not sent is a span without attempts, and counted.
    """
    rules = Resilience(breaker=BreakerRules(last=1, calls=1, ratio=1.0))
    clock = VirtualClock()
    with serving(http(500)) as server:
        errors = [raised(colour, read, base_url=server.url, clock=clock, resilience=rules) for _ in range(2)]
        about = {"failwell.operation": "training.get", "server.address": "127.0.0.1", "server.port": server.port}

    assert isinstance(errors[1], NetworkError)
    assert ["training.get", "GET", "training.get"] == [span.name for span in exported.spans]
    assert (0, "breaker") == (
        of(exported.spans[-1])["failwell.attempts"],
        of(exported.spans[-1])["failwell.suppression"],
    )
    assert [({**about, "failwell.suppression": "breaker"}, 1)] == exported.counts("failwell.client.calls_refused")


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_tasks_keep_their_spans(colour: str, exported: Exported) -> None:
    """
    Calls of tasks that run at once are each below the span of their own task.
    """
    tracer = exported.provider.get_tracer("test")
    together = anyio.Event()
    waiting: list[int] = []

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        waiting.append(identity(trace.get_current_span()))  # type: ignore[arg-type]
        if len(waiting) == 5:
            together.set()
        await together.wait()
        return httpx2.Response(200, content=RUN)

    async def one(client: AsyncClient, name: str) -> None:
        with tracer.start_as_current_span(name):
            await client.training.get("run_1")
            assert trace.get_current_span().name == name  # type: ignore[attr-defined]

    async def run() -> None:
        own = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        with anyio.fail_after(PATIENCE):
            async with AsyncClient(KEY, base_url="http://t", http_client=own) as client, anyio.create_task_group() as g:
                for number in range(5):
                    g.start_soon(one, client, f"task {number}")

    anyio.run(run, backend=colour)

    check_families(exported, "task")
    assert {identity(span) for span in exported.spans if span.name == "GET"} == set(waiting)


def test_threads_keep_their_spans(exported: Exported) -> None:
    """
    Calls of threads that share a client are each below the span of their own thread.
    """
    tracer = exported.provider.get_tracer("test")

    def one(number: int) -> None:
        with tracer.start_as_current_span(f"thread {number}"):
            read(client)

    own = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, content=RUN)))
    with Client(KEY, base_url="http://t", http_client=own) as client, ThreadPoolExecutor(5) as threads:
        list(threads.map(one, range(5)))

    check_families(exported, "thread")


def check_families(exported: Exported, outermost: str) -> None:
    """Each of five outermost spans has a call below it, and that an attempt, all of one trace."""
    by_id = {identity(span): span for span in exported.spans}
    attempts = [span for span in exported.spans if span.name == "GET"]
    calls = [by_id[parent(span) or 0] for span in attempts]
    outside = [by_id[parent(span) or 0] for span in calls]

    assert ["training.get"] * 5 == [span.name for span in calls]
    assert [f"{outermost} {number}" for number in range(5)] == sorted(span.name for span in outside)
    for one, other in zip(attempts, outside, strict=True):
        assert one.get_span_context().trace_id == other.get_span_context().trace_id  # type: ignore[union-attr]


def test_current_spans(exported: Exported) -> None:
    """
    The attempt's span is current while it is sent, the call's in between, and afterwards what was so before.
    """
    current: list[str] = []

    def note() -> None:
        current.append(getattr(trace.get_current_span(), "name", "none"))

    def answer(_request: httpx2.Request) -> httpx2.Response:
        note()
        return httpx2.Response(503 if len(current) < 3 else 200, content=RUN)

    def hook(name: str, _facts: dict[str, Any]) -> None:
        if name == "retry":
            note()

    own = httpx2.Client(transport=httpx2.MockTransport(answer))
    read(Client(KEY, base_url="http://t", http_client=own, clock=VirtualClock(), on_event=hook))
    note()

    assert ["GET", "training.get", "GET", "none"] == current


@pytest.mark.parametrize("colour", ["asyncio", "trio"])
def test_a_cancelled_call(colour: str, exported: Exported) -> None:
    """
    The spans of a cancelled call end with it, and say so.
    """

    async def run(url: str) -> None:
        async with AsyncClient(KEY, base_url=url) as client:
            with anyio.move_on_after(0.1):
                await client.training.get("run_1")

    with serving(silence) as server:
        anyio.run(run, server.url, backend=colour)

    cancelled = {"asyncio": "asyncio.exceptions.CancelledError", "trio": "trio.Cancelled"}[colour]
    assert [cancelled] * 2 == [of(span)["error.type"] for span in exported.spans]


def of_stream(colour: str, ask: Callable[[Any], Any], **more: Any) -> list[Any]:
    """What a stream gives."""
    with streaming() as server:
        server.go_on.set()

        def engine(*, awaiting: bool) -> Any:
            return core(server.url, awaiting=awaiting, clock=VirtualClock())

        found = gathered(colour, engine, ask, **more)
        server.wait_until_closed()
    return found


@every_colour
def test_spans_of_a_stream(colour: str, exported: Exported) -> None:
    """
    The spans of a stream end with it; a reconnection is an attempt of its own, and counts as a retry.
    """
    found = of_stream(colour, lambda streams: streams.numbers(200, cuts=1, seed=99))
    call, first, second = exported.spans

    assert 200 == len(found)
    assert ["streams.numbers", "GET", "GET"] == [span.name for span in exported.spans]
    assert (200, "network") == (of(first)["http.response.status_code"], of(first)["error.type"])
    assert (200, 1) == (of(second)["http.response.status_code"], of(second)["http.request.resend_count"])
    assert (2, StatusCode.UNSET) == (of(call)["failwell.attempts"], call.status.status_code)
    assert [1] == [count for _, count in exported.counts("failwell.client.retries")]
    assert all((span.end_time or 0) <= (call.end_time or 0) for span in (first, second))


@every_colour
def test_a_stream_that_is_left(colour: str, exported: Exported) -> None:
    """
    The spans of a stream that is left early end well.
    """
    found = of_stream(colour, lambda streams: streams.raw("/endless", ENDLESS), first=2)

    assert 2 == len(found)
    assert [StatusCode.UNSET] * 2 == [span.status.status_code for span in exported.spans]
    assert 200 == of(exported.spans[1])["http.response.status_code"]


def test_between_the_events_of_a_stream(exported: Exported) -> None:
    """
    Between two events of a stream what is current is the caller's own, also when streams are read in turn.
    """
    tracer = exported.provider.get_tracer("test")

    with streaming() as server, tracer.start_as_current_span("caller") as caller:
        server.go_on.set()
        engine = core(server.url)
        one, other = (Streams(engine).numbers(5) for _ in range(2))
        for _ in zip(one, other, strict=True):
            assert caller is trace.get_current_span()
        engine.close()

    calls = [span for span in exported.spans if span.name == "streams.numbers"]
    assert [identity(caller)] * 2 == [parent(span) for span in calls]  # type: ignore[arg-type]


class Broken(SpanProcessor):
    """A processor that fails when spans of *kind* begin or end."""

    def __init__(self, kind: SpanKind, *, at_end: bool) -> None:
        self.kind = kind
        self.at_end = at_end

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        if span.kind is self.kind and not self.at_end:
            raise LookupError("broken")

    def on_end(self, span: ReadableSpan) -> None:
        if span.kind is self.kind and self.at_end:
            raise LookupError("broken")


@every_colour
@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.CLIENT])
def test_a_processor_that_raises(
    kind: SpanKind, at_end: bool, colour: str, exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    """
    What a span processor raises reaches no call; it is logged once.
    """
    exported.provider.add_span_processor(Broken(kind, at_end=at_end))
    with serving(FINE) as server:
        found = asked(colour, read, base_url=server.url)

    assert "run_1" == found.id
    (record,) = [record for record in caplog.records if record.name == "failwell.pictograph"]
    assert "OpenTelemetry failed with LookupError; the calls go on, without it." == record.getMessage()


def test_set_up_after_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A client that was made before OpenTelemetry was set up has spans from then on; without a provider nothing is done.
    """
    probe = blocking("http://t", http_client=mocked(200))
    assert not probe.core._listeners.attentive()
    probe.get()
    exporter = InMemorySpanExporter()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    probe.get()

    assert ["GET", "probe.get"] == [span.name for span in exporter.get_finished_spans()]


def test_odd_methods(exported: Exported) -> None:
    """
    A method that HTTP does not know is "_OTHER", beside the original.
    """
    engine = core("http://t", http_client=mocked(200))
    engine.run(engine.call("odd", "PURGE", "/x", lambda reply: reply.status))
    attempt = exported.spans[1]

    assert ("HTTP", "_OTHER", "PURGE") == (
        attempt.name,
        of(attempt)["http.request.method"],
        of(attempt)["http.request.method_original"],
    )


def mocked(status: int) -> httpx2.Client:
    """A client whose server says *status*."""
    return httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(status, json={})))


def test_a_version_that_we_do_not_know(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """
    An OpenTelemetry that lacks what we use is done without, which is logged once.
    """
    monkeypatch.setattr(MeterProvider, "get_meter", None)
    probe = blocking("http://t", http_client=mocked(200))
    for _ in range(2):
        assert {} == probe.get()

    said = [record.getMessage() for record in caplog.records if record.name == "failwell.pictograph"]
    assert ["OpenTelemetry failed with TypeError; the calls go on, without it."] == said
    assert [] == exported.spans


def test_too_long_a_wait(exported: Exported) -> None:
    """
    The span of a call whose retry would come too late says by what it was held back.
    """
    own = httpx2.Client(
        transport=httpx2.MockTransport(lambda _request: httpx2.Response(429, headers={"Retry-After": "500"}))
    )
    with pytest.raises(RateLimitError):
        read(Client(KEY, base_url="http://t", http_client=own, clock=VirtualClock()))

    assert "retry_after" == of(exported.spans[0])["failwell.suppression"]
    assert ["retry_after"] == [
        given["failwell.suppression"] for given, _ in exported.counts("failwell.client.retries_suppressed")
    ]
