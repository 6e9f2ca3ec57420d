"""What a user sees of an uncaught error: a golden file for each source and colour.

`python -m tests.client.test_golden` writes the files anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import failwell
import pictograph
from tests.servers.sockets import Peer, Step, http, serving

from .colours import KEY

GOLDEN = Path(__file__).with_name("golden")
SOURCES = {"failwell": Path(failwell.__file__).parent, "pictograph": Path(str(pictograph.__file__)).parent}
INTERNALS = (
    "driver.py",
    "call.py",
    "loop.py",
    "breaker.py",
    "flow.py",
    "poll.py",
    "parse.py",
    "transport.py",
    "call_observer.py",
)

START = {
    "blocking": "import sys\nfrom pictograph import Client\n\n{own}client = Client(sys.argv[1], {settings})\n{work}\n",
    "awaiting": (
        "import asyncio\nimport sys\nfrom pictograph import AsyncClient\n\n{own}"
        "async def main():\n    client = AsyncClient(sys.argv[1], {settings})\n    {work}\n\nasyncio.run(main())\n"
    ),
}
SETTINGS = "base_url=sys.argv[2], max_retries=0"
OWN_STREAM = """from failwell.client import Resource, event, streamed

class Runs(Resource, name="runs"):
    @streamed
    def events(self):
        return self.core.stream("runs.events", "GET", "/events", event)

"""
OUT_OF_CREDITS = {"message": "Out of credits.", "required": 9, "upgrade_url": "https://pictograph.test/plans"}
BATCH = {"job_id": "job_1", "failed_images": 0, "error_message": "It ended.", "estimated_credits": 5}
COUNTS = {"progress": 10, "total_images": 8, "processed_images": 4, "total_annotations": 3}
FAILED = {**BATCH, **COUNTS, "status": "failed", "error": {"status": 402, "body": {"detail": OUT_OF_CREDITS}}}
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TOLD = STREAM + b'id: 7\ndata: fine\n\nevent: error\ndata: {"detail": "Out of credits."}\n\n'

DATASET = {"id": "d1", "name": "ds", "created_at": "2026-01-01T00:00:00Z"}


def a_page_and_then_none(peer: Peer) -> None:
    """The first page of several, and an error for the second."""
    assert peer.seen is not None
    if "offset=0" in peer.seen.target:
        peer.say(http(200, json.dumps({"data": [DATASET], "pagination": {"has_more": True}}).encode()))
    else:
        peer.say(http(500, b'{"detail": "The database is down."}'))


Case = tuple[str, str, str, Step]
CASES: dict[str, Case] = {
    "http": (
        SETTINGS,
        "",
        'client.training.create("ds", "exp")',
        http(402, json.dumps({"detail": OUT_OF_CREDITS}).encode(), "X-Request-ID: req-9"),
    ),
    "transport": (SETTINGS, "", 'client.training.get("run_1")', b""),
    "client": (f"{SETTINGS}, timeout=-1", "", 'client.training.get("run_1")', b""),
    "poll": (
        SETTINGS,
        "",
        'client.training.wait_for_completion("run_1", timeout=0)',
        http(
            200,
            json.dumps(
                {
                    "data": {
                        **dict.fromkeys(("id", "organization_id", "name"), "run_1"),
                        "pipeline_type": "yolox",
                        "status": "running",
                        "created_at": "2026-01-01T00:00:00Z",
                    }
                }
            ).encode(),
        ),
    ),
    "job": (SETTINGS, "", 'client.auto_annotate.wait_for_batch("job_1")', http(200, json.dumps(FAILED).encode())),
    "stream": (SETTINGS, OWN_STREAM, "Runs(client.core).events()", TOLD),
    "page": (SETTINGS, "", "client.datasets.iter(page_size=1)", a_page_and_then_none),
}
ITERATED = ("stream", "page")
COLOURS = ("blocking", "awaiting")


def program(source: str, colour: str) -> str:
    """A script that meets the error of *source* and does not catch it."""
    settings, own, call, _ = CASES[source]
    work = call if colour == "blocking" else f"await {call}"
    if source in ITERATED:
        loop = "async for" if colour == "awaiting" else "for"
        work = f"{loop} one in {call}: print(one.name)"
    return START[colour].format(settings=settings, own=own, work=work)


def printed(source: str, colour: str, folder: Path) -> str:
    """What Python prints on stderr, without what differs from machine to machine."""
    script = folder / "script.py"
    script.write_text(program(source, colour))
    path = ":".join(str(home.parent) for home in SOURCES.values())
    with serving(CASES[source][3]) as server:
        done = subprocess.run(
            [sys.executable, str(script), KEY, server.url],
            env={"PYTHONPATH": path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return plain(done.stderr, str(server.port), folder)


def plain(text: str, port: str, folder: Path) -> str:
    """*text* without markers, line numbers, ports, folders and the frames of `asyncio.run`."""
    for name, home in SOURCES.items():
        text = text.replace(str(home), name)
    text = text.replace(str(folder), "").replace('"/script.py"', '"script.py"').replace(port, "PORT")
    text = re.sub(r", line \d+,", ",", text)
    lines, left_out, first = [], False, False
    for line in text.splitlines(keepends=True):
        if line.startswith('  File "'):
            left_out = "asyncio" in line
            first = True
        elif not line.startswith("    "):
            left_out = False
        elif line.strip(" ~^\n"):
            # Newer Pythons print all lines of a statement, and mark a part of them.
            if not first:
                continue
            first = False
        if not left_out and line.strip(" ~^\n"):
            lines.append(line)
    return "".join(lines)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("source", CASES)
def test_an_uncaught_error(source: str, colour: str, tmp_path: Path) -> None:
    """
    R15. What Python prints of an uncaught error is the golden file of its source and colour.
    """
    assert (GOLDEN / f"{source}-{colour}.txt").read_text() == printed(source, colour, tmp_path)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("source", CASES)
def test_the_golden_files(source: str, colour: str) -> None:
    """
    R15. At most three frames of Failwell, none of drivers, generators, libraries; the message and the hint at the end.
    """
    text = (GOLDEN / f"{source}-{colour}.txt").read_text()
    files = re.findall(r'^ +(?:\| +)?File "([^"]+)"', text, re.MULTILINE)
    ours = [file for file in files if file.startswith(tuple(SOURCES))]

    assert 1 == text.count("Traceback (most recent call last)")
    assert 1 <= len(ours) <= 3
    assert [] == [file for file in ours if file.endswith(INTERNALS)]
    assert {"script.py"} == {file for file in files if file not in ours}
    raised, *hint = text.rpartition('File "')[2].split("\n    ", 1)[1].splitlines()[1:]
    assert raised.startswith("pictograph.exceptions.")
    assert len(hint) >= 1 or source == "client"  # whose message says what to do
    assert KEY not in text


def write() -> None:
    """Write the golden files anew."""
    for source in CASES:
        for colour in COLOURS:
            with tempfile.TemporaryDirectory() as folder:
                (GOLDEN / f"{source}-{colour}.txt").write_text(printed(source, colour, Path(folder)))


if __name__ == "__main__":
    write()
