from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

import failwell.sandbox
from failwell.sandbox import Certificate, FaultStep, Sandbox, find_vendor, step_from_json
from failwell.sandbox.faults.steps import STEPS
from pictograph import Client, PictographError

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAMES = {name: getattr(failwell.sandbox, name) for name in dir(failwell.sandbox)}
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.search(r'\| `\{"step"', line)]


def in_python(row: list[str]) -> FaultStep:
    """The step that *row* shows as Python."""
    step: FaultStep = eval(row[1].strip("`"), NAMES)  # noqa: S307  our own page
    return step


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One sandbox for the rows of the page."""
    with Sandbox(find_vendor("pictograph")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The running sandbox with nothing armed, nothing logged, and an authority that is trusted."""
    running.script.clear()
    running.log.clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(running.authority))
    return running


def run(block: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a code block of the page prints."""
    names: dict[str, Any] = {}
    exec(compile(block, "faults.md", "exec"), names)  # noqa: S102  our own page
    names["client"].close()
    return capsys.readouterr().out.splitlines()


def test_every_step_has_a_row() -> None:
    """
    The page has a row for every step that there is.
    """
    assert set(STEPS) == {in_python(row).name for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=[row[1].strip("`") for row in ROWS])
def test_row(sandbox: Sandbox, row: list[str]) -> None:
    """
    A row is right: both forms are the same step, armed in JSON it is logged so, and a client makes that of it.
    """
    _, _, told, logged, made = row
    step = step_from_json(json.loads(told.strip("`")))
    assert in_python(row) == step
    rule = {"steps": [json.loads(told.strip("`"))]}
    armed = httpx2.post(f"{sandbox.url}/_failwell/rules", headers={"X-Failwell-Token": sandbox.token}, json=rule)
    assert 201 == armed.status_code

    url = sandbox.https_url if isinstance(step, Certificate) else sandbox.url
    found = "the answer"
    timeout = 0.4 if "Timeout" in made else 5.0
    with Client(sandbox.keys["admin"], base_url=url, max_retries=0, timeout=timeout) as client:
        try:
            client.datasets.get("ds")
        except PictographError as error:
            found = f"`{type(error).__name__}`"

    assert found == made[: len(found)]
    assert [logged.strip("`")] == [entry.outcome for entry in sandbox.log.wait_for(1)]


def test_arming(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The first block meets the reset that it armed, and finds it in the log.
    """
    error, entry = run(BLOCKS[0], capsys)

    assert error.startswith("No whole answer to GET /api/v1/developer/datasets/")
    assert re.fullmatch(r"GET /api/v1/developer/datasets/\S+ -> reset", entry)


def test_tls(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The second block meets a certificate that has expired, and then gets an answer over TLS.
    """
    error, name = run(BLOCKS[1], capsys)

    assert ("ds", True) == (name, error.endswith("the server's certificate was refused (certificate has expired)."))
