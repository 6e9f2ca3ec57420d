"""Adapters in files of their own, and the guide's, which drives the SDK beside this file."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

from failwell.conformance import RemoteAdapter

HERE = Path(__file__).parent
GUIDE = Path(__file__).parents[3] / "docs" / "check-your-sdk.md"


def guides_adapter() -> str:
    """The adapter that docs/check-your-sdk.md prints."""
    (found,) = [
        block for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL) if "SDK =" in block
    ]
    return str(found)


def tiny(folder: Path, fault: str = "") -> Path:
    """The guide's adapter in *folder*, beside the SDK that it drives, with *fault* at its end."""
    shutil.copy(HERE / "tiny.py", folder)
    file = folder / "tiny_adapter.py"
    file.write_text(guides_adapter() + textwrap.dedent(fault), encoding="utf-8")
    return file


def made(folder: Path, text: str, **settings: float) -> RemoteAdapter:
    """An adapter with *text* in its file: a client without methods, and whatever the text adds."""
    file = folder / "made.py"
    file.write_text(START + textwrap.dedent(text), encoding="utf-8")
    return RemoteAdapter(file, patience=settings.get("patience", 20.0), start_patience=settings.get("start", 60.0))


START = """\
import types

SDK = "made 1.0"


def client(**settings):
    return types.SimpleNamespace(settings=settings)


"""
