from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from failwell.client.observability.events import EVENTS
from failwell.client.observability.observers import LEVELS
from failwell.sandbox import serve

PAGE = (Path(__file__).parents[2] / "docs" / "observability.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ROWS = dict(re.findall(r"^\| `(\w+)` \|.*\| (`[^|]*`) \|$", PAGE, re.MULTILINE))
RUN = {"id": "run_1", "organization_id": "o", "name": "r1", "pipeline_type": "yolox", "status": "completed"}
PATIENCE = 30


async def answer(_request: Request) -> JSONResponse:
    """A training run."""
    return JSONResponse({"data": {**RUN, "created_at": "2026-01-01T00:00:00Z", "model_id": "m_1"}})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with one training run."""
    with serve(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        yield url


def ran(block: str, url: str) -> subprocess.CompletedProcess[str]:
    """What *block* prints, as a program of its own: it sets up what a process has once."""
    env = {**os.environ, "PICTOGRAPH_API_KEY": "pk_live_x", "PICTOGRAPH_BASE_URL": url, "NO_PROXY": "*"}
    return subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, timeout=PATIENCE, check=True, env=env
    )


def test_events(url: str) -> None:
    """
    The hook of the page is told of the attempt.
    """
    assert "GET training.get 200 resent 0 times\n" == ran(BLOCKS[0], url).stdout


def test_log(url: str) -> None:
    """
    The log of the page tells of the call and its attempt.
    """
    said = re.sub(r"\d\.\d+ s", "T s", ran(BLOCKS[1], url).stderr).replace(url, "")

    assert (
        "DEBUG failwell.pictograph training.get: GET /api/v1/developer/training/run_1\n"
        "DEBUG failwell.pictograph GET /api/v1/developer/training/run_1, resend 0\n"
        "DEBUG failwell.pictograph GET /api/v1/developer/training/run_1: status 200 in T s\n"
        "DEBUG failwell.pictograph training.get: done in T s, attempts: 1\n"
    ) == said


def test_spans(url: str) -> None:
    """
    The program of the page prints the span of the attempt, and then that of the call.
    """
    printed, decoder, spans = ran(BLOCKS[2], url).stdout.strip(), json.JSONDecoder(), []
    while printed:
        span, end = decoder.raw_decode(printed)
        spans.append(span)
        printed = printed[end:].lstrip()

    assert [("GET", "SpanKind.CLIENT"), ("training.get", "SpanKind.INTERNAL")] == [
        (span["name"], span["kind"]) for span in spans
    ]
    named = set(re.findall(r"`([a-z]+\.[a-z_.]+)`", "\n".join(line for line in PAGE.splitlines() if "|" in line)))
    assert {name for span in spans for name in span["attributes"]} <= named


def test_the_table_of_events() -> None:
    """
    The page lists each event with its facts, in the order of their types, and the level of each in the log.
    """
    assert {name: list(facts.__annotations__) for name, facts in EVENTS.items()} == {
        name: re.findall(r"\w+", facts) for name, facts in ROWS.items()
    }
    levels = dict(re.findall(r"^\| `([A-Z]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert {"WARNING": 30, "INFO": 20, "DEBUG": 10}.keys() == levels.keys()
    named = {name: level for level, names in levels.items() for name in re.findall(r"`(\w+)`", names) if name in EVENTS}
    assert {name: {30: "WARNING", 20: "INFO"}[level] for name, level in LEVELS.items()} == named
