from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from failwell.sandbox import Sandbox, find_vendor

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
SHORTENED = ("server = install(app, SHOP)", "SHOP = Catalogue(")
"""What the example writes in another way, or over several lines."""


def block(words: str) -> str:
    """The one code block of the README that has these *words*."""
    (found,) = [text for text in BLOCKS if words in text]
    return str(found)


def run(words: str) -> None:
    """Run the code block with these *words* as a program would be, and close its client as the end of one does."""
    names: dict[str, Any] = {}
    exec(compile(block(words), "README.md", "exec"), names)  # noqa: S102 - our own README
    names["client"].close()


@pytest.mark.parametrize("words", ["class ShopError", "@app.get"])
def test_first_screen(words: str) -> None:
    """
    The contract and the server on the first screen are those of the example that runs.
    """
    example = {line.strip() for line in (ROOT / "examples" / "shop.py").read_text(encoding="utf-8").splitlines()}
    shown = [line.strip() for line in block(words).splitlines() if not line.startswith(SHORTENED)]

    assert [] == [line for line in shown if line not in example]


def test_quickstart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The quickstart finds the dataset, meets a name with another case, and trains a model.
    """
    with Sandbox(find_vendor("pictograph")) as sandbox:
        monkeypatch.setenv("PICTOGRAPH_BASE_URL", sandbox.url)
        monkeypatch.setenv("PICTOGRAPH_API_KEY", sandbox.keys["member"])
        run("client = Client()")

    first, second, third = capsys.readouterr().out.splitlines()
    assert ("['ds']", True, True) == (first, 'There is no dataset "DS"' in second, third.startswith("completed {"))


def test_sandbox_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    """
    An error armed from Python is met once, waited out, and followed by the answer.
    """
    run("find_vendor")

    assert "1 dataset, after 2 requests\n" == capsys.readouterr().out
