"""OpenTelemetry spans and metrics of calls, by the semantic conventions for HTTP; loaded only where set up."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextvars import Token
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from failwell.contract.extras import needs
from failwell.wire.messages import IDEMPOTENT

with needs("otel", __name__):
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.context import Context, attach, detach, get_current
    from opentelemetry.trace import Span, SpanKind, StatusCode

P = ParamSpec("P")
R = TypeVar("R")

SCOPE = "failwell"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds: where the conventions advise to divide durations."""
KNOWN_METHODS = IDEMPOTENT | {"POST", "PATCH", "CONNECT"}
PORTS = {"http": 80, "https": 443}
WITHOUT_USE = ("ProxyTracerProvider", "_ProxyMeterProvider", "NoOpTracerProvider", "NoOpMeterProvider")
"""What stands in for a provider until there is one, and what switches one off."""

SpanAttributes = dict[str, str | int]
_metrics = sys.modules.get("opentelemetry.metrics._internal")


class Instruments:
    """What spans and figures are made with, of one pair of providers."""

    def __init__(self, tracers: trace.TracerProvider, meters: metrics.MeterProvider) -> None:
        self.tracers = tracers
        self.meters = meters
        self.useful = any(type(provider).__name__ not in WITHOUT_USE for provider in (tracers, meters))
        self.tracer = tracers.get_tracer(SCOPE)
        meter = meters.get_meter(SCOPE)
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.retries = meter.create_counter(
            "failwell.client.retries", unit="{retry}", description="Requests that are repeated."
        )
        self.suppressed = meter.create_counter(
            "failwell.client.retries_suppressed", unit="{retry}", description="Repetitions that are held back."
        )
        self.refused = meter.create_counter(
            "failwell.client.calls_refused", unit="{call}", description="Calls that are not sent at all."
        )


class Telemetry:
    """OpenTelemetry for one client that speaks HTTP of version *over*; *failed* hears of what goes wrong with it."""

    def __init__(self, over: str | None, failed: Callable[[str, Exception], None]) -> None:
        self.over = over
        self.failed = failed
        self._made: Instruments | None = None

    @property
    def instruments(self) -> Instruments:
        """Those of the providers that the program has now: it may set them after it has built its clients."""
        tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
        made = self._made
        if made is None or made.tracers is not tracers or made.meters is not meters:
            made = self._made = Instruments(tracers, meters)
        return made

    def set_up(self) -> bool:
        """Whether there is a provider of spans or of metrics."""
        made = self._made
        if made is not None and not made.useful and _none_set():
            return False
        return self.instruments.useful

    def call(self, operation: str | None, url: str) -> CallSpan:
        """The spans of a call of *operation* to *url*, which has no query."""
        return CallSpan(self, self.instruments, operation, url)


def harmless(
    method: Callable[Concatenate[CallSpan, P], R],
) -> Callable[Concatenate[CallSpan, P], R | None]:
    """*method*, after whose failure the call goes on without telemetry: a processor may be anybody's."""

    @functools.wraps(method)
    def guarded(span: CallSpan, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        if span.broken:
            return None
        try:
            return method(span, *args, **kwargs)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is not about the call
            span.broken = True
            span.telemetry.failed("OpenTelemetry", problem)
            span.leave()
            return None

    return guarded


class CallSpan:
    """The span of one call, and below it one for each attempt.

    They are children of what was current when the call began. The attempt's is current while it is under way, up to the
    head of a stream's answer; the call's in between, except for streams, whose callers come and go.
    """

    def __init__(self, telemetry: Telemetry, instruments: Instruments, operation: str | None, url: str) -> None:
        self.telemetry = telemetry
        self.broken = False
        self._with = instruments
        self._about: SpanAttributes = {"failwell.operation": operation or "call", **_server(url)}
        self._span: Span = trace.INVALID_SPAN
        self._attempt: Span = trace.INVALID_SPAN
        self._context = Context()
        self._outside: Token[Context] | None = None
        self._between: Token[Context] | None = None
        self._measured: SpanAttributes = {}

    @harmless
    def began(self, *, current: bool) -> None:
        """The call begins; its span is the *current* one, or not."""
        outside = get_current()
        name = str(self._about["failwell.operation"])
        self._span = self._with.tracer.start_span(name, outside, SpanKind.INTERNAL, self._about)
        self._context = trace.set_span_in_context(self._span, outside)
        if current:
            self._outside = attach(self._context)

    @harmless
    def attempt_began(self, method: str, url: str, resent: int) -> tuple[tuple[str, str], ...]:
        """An attempt begins; the headers that tell the server of its span."""
        known = method in KNOWN_METHODS
        measured: SpanAttributes = {"http.request.method": method if known else "_OTHER", **_server(url)}
        if self.telemetry.over is not None:
            measured["network.protocol.version"] = self.telemetry.over
        self._measured = measured
        about: SpanAttributes = {**measured, "url.full": url, "failwell.operation": self._about["failwell.operation"]}
        if not known:
            about["http.request.method_original"] = method
        if resent:
            about["http.request.resend_count"] = resent
        name = method if known else "HTTP"
        self._attempt = self._with.tracer.start_span(name, self._context, SpanKind.CLIENT, about)
        context = trace.set_span_in_context(self._attempt, self._context)
        self._between = attach(context)
        headers: dict[str, str] = {}
        propagate.inject(headers, context)
        return tuple(headers.items())

    @harmless
    def head_came(self) -> None:
        """The body of a stream has yet to come, while its caller does other things, too."""
        self._leave_attempt()

    @harmless
    def attempt_ended(
        self, status: int | None, problem: BaseException | str | None, reason: str | None, duration: float
    ) -> None:
        """An attempt ended after *duration* seconds, with *status* or because of a *problem*, in words the *reason*."""
        self._leave_attempt()
        found: SpanAttributes = {}
        if status is not None:
            found["http.response.status_code"] = status
        if problem is not None:
            found["error.type"] = _type_of(problem)
        elif status is not None and status >= 400:
            found["error.type"] = str(status)
        if "error.type" in found:
            self._attempt.set_status(StatusCode.ERROR, reason)
        self._attempt.set_attributes(found)
        # Before the span ends: a sample of the figure names its span.
        self._with.duration.record(
            duration, {**self._measured, **found}, trace.set_span_in_context(self._attempt, self._context)
        )
        self._attempt.end()

    @harmless
    def emitted(self, name: str, facts: dict[str, Any]) -> None:
        """The flow of the call tells of something: a retry, or one that is not made."""
        made = self._with
        if name in {"retry", "reconnect"}:
            made.retries.add(1, self._about, self._context)
        elif name in {"retry_suppressed", "call_refused"}:
            counter = made.suppressed if name == "retry_suppressed" else made.refused
            counter.add(1, {**self._about, "failwell.suppression": facts["by"]}, self._context)

    @harmless
    def ended(self, error: BaseException | None, attempts: int, suppression: str | None) -> None:
        """The call ended after *attempts*: well, or with *error*; *suppression* says by what a further one was."""
        self._leave_call()
        self._span.set_attribute("failwell.attempts", attempts)
        if suppression is not None:
            self._span.set_attribute("failwell.suppression", suppression)
        if error is not None:
            self._span.set_attribute("error.type", _type_of(error))
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def leave(self) -> None:
        """Make current again what was so before the call."""
        self._leave_attempt()
        self._leave_call()

    def _leave_attempt(self) -> None:
        token, self._between = self._between, None
        if token is not None:
            detach(token)

    def _leave_call(self) -> None:
        token, self._outside = self._outside, None
        if token is not None:
            detach(token)


def _none_set() -> bool:
    """Whether there are no providers for certain. The public functions read the environment each time they are asked.

    Where a release keeps its providers elsewhere, nothing is certain.
    """
    unknown = object()
    tracers = getattr(trace, "_TRACER_PROVIDER", unknown)
    return tracers is None and getattr(_metrics, "_METER_PROVIDER", unknown) is None


def _server(url: str) -> SpanAttributes:
    """The host and the port of *url*, as far as it has them."""
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port or PORTS.get(split.scheme)
    except ValueError:  # an address that some server gave us, and that is none
        return {}
    found: SpanAttributes = {} if host is None else {"server.address": host}
    return found if port is None else {**found, "server.port": port}


def _type_of(problem: BaseException | str) -> str:
    """The name of what went wrong."""
    if isinstance(problem, str):
        return problem
    cls = type(problem)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
