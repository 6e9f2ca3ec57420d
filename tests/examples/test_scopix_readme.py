"""The README of the Scopix SDK: its code runs, and its demo keys meet what it says."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from failwell.sandbox import Sandbox
from scopix import QuotaExceededError
from scopix_server.vendor import KEYS, SETTINGS, VENDOR
from tests.scopix_server.api import picture

README = (Path(__file__).parents[2] / "sdks" / "scopix" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(words: str) -> dict[str, Any]:
    """The names that the one code block with these *words* defines."""
    (block,) = (block for block in BLOCKS if words in block)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own README
    return names


def test_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The README's error is told by its code and details.
    """
    run("QuotaExceededError(")

    assert "QUOTA_EXCEEDED 0 of 10000000 bytes are left\n" == capsys.readouterr().out


def test_uploading_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The README's folder is uploaded and described; what is no image is told by its name.
    """
    (tmp_path / "good.png").write_bytes(picture())
    (tmp_path / "bad.png").write_bytes(b"broken")
    upload = run("async def upload")["upload"]
    with Sandbox(VENDOR) as sandbox:
        monkeypatch.setenv("SCOPIX_BASE_URL", sandbox.url)
        monkeypatch.setenv("SCOPIX_API_KEY", sandbox.keys["member"])
        results = anyio.run(upload, str(tmp_path))
        monkeypatch.setenv("SCOPIX_API_KEY", sandbox.keys["full"])
        with pytest.raises(QuotaExceededError):
            anyio.run(upload, str(tmp_path))
    said = capsys.readouterr().out.splitlines()

    assert ([None, "completed"], True) == (
        [each.description_status for each in results],
        said[0].startswith("0 bad.png"),
    )
    assert re.fullmatch(r"0 are there, [12] are not", said[-1])


def test_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The README's provider describes what is uploaded to a sandbox with its settings; demo keys are refused as it says.
    """
    titles = types.ModuleType("titles")
    vars(titles).update(run("class Titles"))
    monkeypatch.setitem(sys.modules, "titles", titles)
    (settings, *_) = re.findall(r"`(\{\"vision_provider.*?\})`", README)
    monkeypatch.setenv(SETTINGS, settings)
    with Sandbox(VENDOR) as sandbox:

        def ask(method: str, path: str, key: str = "member", **more: Any) -> Any:
            headers = {"Authorization": f"Bearer {sandbox.keys[key]}"}
            return httpx2.request(method, sandbox.url + path, headers=headers, timeout=30, **more).json()

        def upload(key: str, width: int) -> Any:
            session = ask("POST", "/uploads", key, json={"files": 1, "describe": False})
            if "session_id" not in session:
                return session
            path = f"/uploads/{session['session_id']}/files?filename=cat.png"
            return ask("PUT", path, key, content=picture(size=(width, 24)))

        file = upload("member", 32)
        described = ask("POST", f"/files/{file['id']}/description")
        answers = {key: upload(key, number) for number, key in enumerate(KEYS, 1)}

    assert f"A picture called cat.png, of {len(picture())} bytes." == described["description"]
    for key, answer in answers.items():
        code = answer.get("error", answer.get("detail", {})).get("code", "")
        line = re.search(rf"\| .*`{key}`.* \|(.*)\|\n", README)
        assert line is not None, key
        assert code in line[1], key
        assert (code == "") == (key in {"admin", "member", "free", "pro", "other"}), key
