"""What the peers' environment says: their calls, their imports, their versions."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import failwell
from benchmarks import imports
from benchmarks.goals import Goal
from benchmarks.measuring import Spread
from benchmarks.rows import Row

MODULES = {
    "pictograph": "import pictograph; pictograph.Client",
    "openai": "import openai; openai.OpenAI",
    "anthropic": "import anthropic; anthropic.Anthropic",
    "stripe": "import stripe; stripe.StripeClient",
    "azure-core": "import azure.core; azure.core.PipelineClient",
    "botocore": "import botocore.session, botocore.client",
    "google-api-core": "import google.api_core.exceptions, google.api_core.retry",
}
BARE = "httpx2"
LARGE_EVENTS = "MB/s of events of 0.5 MiB, beside httpx-sse's"
SMALL_EVENTS = "small events, beside a split loop"
NO_CLIENT = {
    ("google-api-core", "GET over loopback"): "it has no client of its own, only errors and retries",
    ("azure-core", "response to error"): "its response classes are private; see its whole failing call",
    ("botocore", "response to error"): "parser and errors belong to a client; see its whole failing call",
}


def rows(python: Path, address: str, *, rounds: int, calls: int) -> Iterator[Row]:
    """A row for all that can be measured of each peer, and one that says why for what cannot."""
    for peer in MODULES:
        ran = subprocess.run(
            [str(python), "-m", "benchmarks.peers.calls", peer, address, str(rounds), str(calls)],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            lines = ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"]
            yield Row("peer", f"{peer}, calls", note=lines[-1])
            continue
        for what, measured in json.loads(ran.stdout).items():
            yield Row("peer", f"{peer}, {what}", time=Spread(*measured))
        yield from (Row("peer", f"{peer}, {what}", note=why) for (name, what), why in NO_CLIENT.items() if name == peer)


def event_rows(python: Path, goal: Goal, *, rounds: int) -> Iterator[Row]:
    """P5 beside httpx-sse: our decoder needs nothing but Python, and is run over there."""
    ours = str(Path(failwell.__file__).parents[1])
    ran = subprocess.run(
        [str(python), "-m", "benchmarks.peers.events", str(rounds)],
        env={**os.environ, "PYTHONPATH": ours},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"]
        yield Row("P5", LARGE_EVENTS, goal, note=lines[-1])
        return
    small, large = (Spread(*measured) for measured in json.loads(ran.stdout))
    yield Row("P5", LARGE_EVENTS, goal, time=large)
    yield Row("peer", f"httpx-sse, {SMALL_EVENTS}", time=small)


def import_rows(python: Path, *, rounds: int) -> Iterator[Row]:
    """What the import of each peer costs beside `import httpx2`."""
    measured = imports.measure(python, {BARE: f"import {BARE}", **MODULES}, rounds=rounds)
    for peer in MODULES:
        yield Row("peer", f"{peer}, import", time=measured[peer].over(measured[BARE]))


def versions(python: Path) -> dict[str, str]:
    """What is installed there of the peers and of what they stand on."""
    names = [*MODULES, "httpx-sse", "httpx", "httpx2", "requests", "urllib3", "pydantic"]
    program = (
        "import json, sys; from importlib.metadata import version; print(json.dumps([*map(version, sys.argv[1:])]))"
    )
    ran = subprocess.run([str(python), "-c", program, *names], capture_output=True, text=True, check=True)
    return dict(zip(names, json.loads(ran.stdout), strict=True))
