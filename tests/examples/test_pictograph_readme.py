from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from failwell.sandbox import Sandbox, find_vendor
from pictograph import Client

README = Path(__file__).parents[2] / "sdks" / "pictograph" / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def run(words: str, names: dict[str, Any]) -> None:
    """Run the code block with these *words*."""
    (block,) = [text for text in BLOCKS if words in text]
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own README


def test_folder_and_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """
    The README's folder is uploaded but for what is there, the file that is no image is told, and the pages show all.
    """
    (tmp_path / "pictures" / "cats").mkdir(parents=True)
    for name in ("a.png", "cats/b.png", "there.png"):
        Pillow.frombytes("RGB", (16, 16), os.urandom(768)).save(tmp_path / "pictures" / name)
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no image")
    (tmp_path / "pictures" / "notes.txt").write_bytes(b"no image either")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with Sandbox(find_vendor("pictograph")) as sandbox:
        monkeypatch.setenv("PICTOGRAPH_BASE_URL", sandbox.url)
        monkeypatch.setenv("PICTOGRAPH_API_KEY", sandbox.keys["member"])
        with Client() as before:
            before.images.upload("ds", "pictures/there.png")
        run("upload_folder", names)
        run("images.iter", names)
        names["client"].close()

    told, failed, *listed = capsys.readouterr().out.splitlines()
    assert "2 uploaded, 1 skipped, 1 ignored" == told
    assert failed.startswith("pictures/broken.png ValidationError ")
    assert {"/ a.png", "/cats b.png", "/ there.png"} <= {*listed}
