from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from failwell.sandbox import Sandbox, find_vendor
from subconscious import SubconsciousError

README = Path(__file__).parents[2] / "sdks" / "subconscious" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that the environment names."""
    with Sandbox(find_vendor("subconscious")) as sandbox:
        monkeypatch.setenv("SUBCONSCIOUS_BASE_URL", sandbox.url)
        monkeypatch.setenv("SUBCONSCIOUS_API_KEY", sandbox.keys["member"])
        yield sandbox


def run(words: str) -> None:
    """Run the code block with these *words*."""
    (block,) = [text for text in BLOCKS if words in text]
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102 - our own README


def test_a_run_and_its_errors(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The README's run is calculated; what the API refuses is printed with its code, its status and the details.
    """
    run("await_completion")
    calculated = capsys.readouterr().out
    sandbox.next(SubconsciousError("permission_denied", "Not this one.", 403, {"key": "k"}))
    run("await_completion")
    refused = capsys.readouterr().out

    assert "6 * 7 = 42" in calculated
    assert "permission_denied 403 {'key': 'k'}\n" == refused


def test_a_stream(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The README's stream prints the answer as it is made.
    """
    run("DeltaEvent)")

    assert "Thursday" in capsys.readouterr().out
