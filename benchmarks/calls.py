"""Calls of the Pictograph SDK, each beside the bare one that does the same: P1 and P2.

The deadline and the retries are on, as they are for a user. Nothing goes over a network here but in `over_loopback`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2

import pictograph
from benchmarks.goals import Goal
from benchmarks.loopback import FIELD_ERRORS, RUN
from benchmarks.measuring import Call, caught
from benchmarks.pairs import Pair
from failwell.client import Blocking, Core, Resource, json_body, operation
from failwell.policy import Flow
from failwell.wire import Reply, parse_reply
from pictograph.exceptions import CATALOGUE

DEADLINE = 600.0
OFTEN = 10
"""A round has so many times the calls of other pairs where each takes some microseconds."""
KEY = "pk_live_x"
PATH = "/api/v1/developer/training/run_1"
ANSWER = json.dumps({"data": RUN}).encode()
REFUSED = json.dumps({"detail": FIELD_ERRORS}).encode()
THROTTLED = json.dumps({"detail": "Rate limit exceeded"}).encode()
ORDER = {"dataset_name": "ds", "export_name": "exp", "pipeline_type": "yolox"}


class Documents(Resource[Blocking], name="documents"):
    """A client that answers with parsed JSON, to compare like with like."""

    @operation
    def get(self, path: str) -> Flow[object]:
        """Get the document at *path*."""
        return (yield from self.core.call("documents.get", "GET", path, json_body))

    @operation
    def post(self, path: str, order: Mapping[str, object]) -> Flow[object]:
        """Post *order* to *path*, with an idempotency key."""
        return (yield from self.core.call("documents.post", "POST", path, json_body, payload=order, mutating=True))


class BareError(Exception):
    """What a bare call raises for a refusal."""


class BareValidationError(BareError):
    """The one for 422."""


class BareRateLimitError(BareError):
    """The one for 429."""


BY_STATUS = {422: BareValidationError, 429: BareRateLimitError}


def in_memory() -> list[Pair]:
    """What a function answers in place of a server."""
    good, refusing = _answering(200, ANSWER), _answering(422, REFUSED)
    plain, typed, failing = _documents(good), _client(good), _client(refusing)
    return [
        Pair(
            "P1",
            "GET to parsed JSON",
            lambda: plain.get(PATH),
            lambda: good.get(PATH).json(),
            Goal(1.00, 0.80),
            by_count=True,
        ),
        Pair(
            "P1",
            "GET to a typed model",
            lambda: typed.training.get("run_1"),
            lambda: good.get(PATH).json(),
            Goal(1.25, 1.05),
            by_count=True,
        ),
        Pair(
            "P1",
            "POST with a key, bare without one",
            lambda: plain.post(PATH, ORDER),
            lambda: good.post(PATH, json=ORDER).json(),
            Goal(1.20, 1.00),
            by_count=True,
        ),
        Pair(
            "P2",
            "422 to its error",
            *_parsing(422, REFUSED, {}),
            Goal(1.60, 1.30),
            by_count=True,
            often=OFTEN,
        ),
        Pair(
            "P2",
            "429 to its error",
            *_parsing(429, THROTTLED, {"retry-after": "2"}),
            Goal(1.30, 1.10),
            by_count=True,
            often=OFTEN,
        ),
        Pair(
            "P2",
            "whole failing call",
            caught(lambda: failing.training.get("run_1"), pictograph.ValidationError),
            caught(lambda: _bare_failing(refusing), BareError),
            Goal(1.10, 0.90),
        ),
    ]


@contextmanager
def over_loopback(address: str) -> Iterator[list[Pair]]:
    """What the server of `benchmarks.loopback` answers at *address*; each side opens its own connections."""
    with (
        httpx2.Client(base_url=f"{address}/200/pictograph") as bare,
        httpx2.Client(base_url=f"{address}/422/pictograph") as bare_failing,
        pictograph.Client(KEY, base_url=f"{address}/422/pictograph", deadline=DEADLINE, max_retries=0) as failing,
    ):
        core = Core(CATALOGUE, base_url=f"{address}/200/pictograph", deadline=DEADLINE)
        fast_core = Core(CATALOGUE, base_url=f"{address}/200/pictograph", deadline=DEADLINE, http="fast")
        plain, fast = Documents(core), Documents(fast_core)
        yield [
            Pair(
                "P1",
                "GET to parsed JSON over loopback",
                lambda: plain.get(PATH),
                lambda: bare.get(PATH).json(),
                Goal(1.00, 0.85),
            ),
            Pair(
                "P1",
                "GET on the fast transport",
                lambda: fast.get(PATH),
                lambda: bare.get(PATH).json(),
                Goal(0.45, 0.40),
            ),
            Pair(
                "P2",
                "whole failing call over loopback",
                caught(lambda: failing.training.get("run_1"), pictograph.ValidationError),
                caught(lambda: _bare_failing(bare_failing), BareError),
                Goal(1.10, 0.90),
            ),
        ]
        core.close()
        fast_core.close()


def _answering(status: int, body: bytes) -> httpx2.Client:
    """A client whose server is a function."""
    answer = httpx2.MockTransport(lambda _request: httpx2.Response(status, content=body))
    return httpx2.Client(base_url="http://test", transport=answer)


def _documents(http_client: httpx2.Client) -> Documents:
    return Documents(Core(CATALOGUE, base_url="http://test", deadline=DEADLINE, http_client=http_client))


def _client(http_client: httpx2.Client) -> pictograph.Client:
    return pictograph.Client(KEY, base_url="http://test", deadline=DEADLINE, http_client=http_client)


def _bare_failing(client: httpx2.Client) -> None:
    response = client.get(PATH)
    raise BY_STATUS[response.status_code](response.json())


def _parsing(status: int, body: bytes, headers: dict[str, str]) -> tuple[Call, Call]:
    """From a reply to its error, beside `json.loads`, a class from a dict and `raise`."""
    reply = Reply(status, {"content-type": "application/json", "x-request-id": "req-1", **headers}, body, 0.0)

    def ours() -> None:
        raise parse_reply(reply, CATALOGUE, operation="training.get")

    def bare() -> None:
        raise BY_STATUS[status](json.loads(body))

    return caught(ours, pictograph.PictographError), caught(bare, BareError)
