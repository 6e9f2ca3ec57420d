from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from failwell.sandbox import Sandbox, find_vendor

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def block(words: str) -> str:
    """The one code block of the README that has these *words*."""
    (found,) = [text for text in BLOCKS if words in text]
    return str(found)


def run(words: str) -> None:
    """Run the code block with these *words* as a program would be, and close its client as the end of one does."""
    names: dict[str, Any] = {}
    exec(compile(block(words), "README.md", "exec"), names)  # noqa: S102 - our own README
    names["client"].close()


ALONE = """
import importlib.util, sys
allowed = {"requests", "urllib3", "certifi", "idna", "charset_normalizer", "chardet"}

class Alone:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in allowed or root in {"failwell", "shop"}:
            return None
        raise ModuleNotFoundError(f"{root} is not installed here", name=root)

sys.meta_path.insert(0, Alone())
"""
"""Before a program: nothing can be imported but the standard library, requests with what it needs, and ours."""


@pytest.mark.slow
def test_first_screen(tmp_path: Path) -> None:
    """
    The first screen runs word for word, and prints what it says, with `failwell` and `requests` alone in the client.
    """
    (tmp_path / "shop.py").write_text(block("class OutOfStock"), "utf-8")
    (tmp_path / "server.py").write_text(block("install(app, shop)"), "utf-8")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = block("calling, raise_for").replace("127.0.0.1:8000", f"127.0.0.1:{listener.getsockname()[1]}")
        (tmp_path / "client.py").write_text(ALONE + client, "utf-8")
        serve = [sys.executable, "-m", "uvicorn", "server:app", "--fd", str(listener.fileno()), "--log-level", "error"]
        server = subprocess.Popen(serve, cwd=tmp_path, pass_fds=[listener.fileno()])
        try:
            ran = subprocess.run(
                [sys.executable, "client.py"], cwd=tmp_path, capture_output=True, text=True, check=False
            )
        finally:
            server.terminate()
            server.wait(10)

    (printed,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    assert ("", printed) == (ran.stderr, ran.stdout)


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
