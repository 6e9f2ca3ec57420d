"""R4 for those who listen: hooks, logs, spans and figures."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.metrics import _internal as metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from failwell.clock import VirtualClock
from failwell.contract import Secret
from failwell.wire.messages import Reply
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY, every_colour, mutate, raised, read
from .leaks import leaked
from .probe import blocking
from .streams import gathered, streaming
from .test_no_secret import ECHOES, SIGNATURE, signs

PASSWORD = "CANARYpw5512"
TOKEN = "CANARYbody77x"


class Everything:
    """All that is told, as one text."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.facts: list[str] = []
        self._logged = caplog
        self.spans = InMemorySpanExporter()
        self.figures = InMemoryMetricReader()

    def hook(self, name: str, facts: dict[str, Any]) -> None:
        """Keep what is told."""
        self.facts.append(f"{name} {facts!r}")

    def text(self) -> str:
        """Facts, records with their attributes, spans, figures."""
        logged = [f"{record.getMessage()} {vars(record)!r}" for record in self._logged.records]
        spans = [span.to_json() for span in self.spans.get_finished_spans()]
        figures = self.figures.get_metrics_data()
        assert self.facts
        assert logged
        assert spans
        assert figures is not None
        return "\n".join([*self.facts, *logged, *spans, figures.to_json()])


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Everything]:
    """Everybody listens."""
    caplog.set_level(logging.DEBUG)
    everything = Everything(caplog)
    tracers, meters = (
        TracerProvider(shutdown_on_exit=False),
        MeterProvider([everything.figures], shutdown_on_exit=False),
    )
    tracers.add_span_processor(SimpleSpanProcessor(everything.spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    monkeypatch.setattr(metrics, "_METER_PROVIDER", meters)
    yield everything
    tracers.shutdown()
    meters.shutdown()


@every_colour
@pytest.mark.parametrize("call", [read, mutate])
@pytest.mark.parametrize("name", ECHOES)
def test_key_in_a_header(name: str, call: Callable[[Any], Any], colour: str, told: Everything) -> None:
    """
    R4. The API key is in no fact, log record, span or figure, even when the server echoes it.
    """
    with serving(ECHOES[name]) as server:
        timeout = 0.2 if name.endswith("timeout") else 5.0
        settings = {"max_retries": 1, "clock": VirtualClock(), "on_event": told.hook}
        raised(colour, call, base_url=server.url, timeout=timeout, **settings)

    assert [] == leaked(KEY, told.text())


@every_colour
@pytest.mark.parametrize("step", [b"", http(403, b'{"detail": "bad: %s"}' % SIGNATURE.encode())], ids=["closed", "403"])
def test_signature_in_a_query(step: Step, colour: str, told: Everything, tmp_path: Path) -> None:
    """
    R4. The query of a signed URL neither.
    """
    picture = tmp_path / "x.png"
    picture.write_bytes(b"bytes")
    with serving(signs, step) as server:
        raised(colour, lambda client: client.images.upload("ds", picture), base_url=server.url, on_event=told.hook)

    assert 2 == len(server.seen)
    assert [] == leaked(SIGNATURE, told.text())


def test_secret_in_a_query_and_a_body(told: Everything) -> None:
    """
    R4. Neither what an operation sends in its query and its body, even when the server echoes it.
    """
    echo = http(500, json.dumps({"detail": TOKEN}).encode(), f"X-Request-ID: {TOKEN}")
    with serving(echo) as server:
        engine = blocking(server.url, max_retries=1, clock=VirtualClock(), on_event=told.hook).core
        call = engine.call(
            "probe.signed",
            "POST",
            "/x",
            Reply.__repr__,
            params={"token": TOKEN},
            payload={"password": TOKEN},
            mutating=True,
            secrets=(Secret(TOKEN),),
        )
        with pytest.raises(engine.catalogue.base):
            engine.run(call)

    assert "probe.signed" in told.text()
    assert [] == leaked(TOKEN, told.text())


@every_colour
def test_password_of_a_proxy(colour: str, told: Everything, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    R4. Nor the password of a proxy, even when the proxy echoes it.
    """

    def echo(peer: Peer) -> None:
        assert peer.seen is not None
        said = f"{PASSWORD} {peer.seen.headers['proxy-authorization']}"
        peer.say(http(407, json.dumps({"detail": said}).encode(), f"X-Request-ID: {said}"))

    with serving(echo) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
        raised(colour, read, base_url="http://pictograph.test", on_event=told.hook)

    assert [] == leaked(PASSWORD, told.text())


@every_colour
def test_ids_of_events(colour: str, told: Everything) -> None:
    """
    R4. Nor a key that a server uses as the id of an event.
    """
    from .probe import core

    with streaming() as server:

        def engine(*, awaiting: bool) -> Any:
            return core(server.url, awaiting=awaiting, clock=VirtualClock(), on_event=told.hook)

        gathered(colour, engine, lambda streams: streams.written({"key": KEY}))

    assert [] == leaked(KEY, told.text())
