"""ARCHITECTURE.md: every file of the library is in it, with the first line of its docstring."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
WRITER = runpy.run_path(str(ROOT / "tools" / "write_architecture.py"))
PACKAGE = ROOT / "src" / "failwell"


def test_the_page_is_what_the_files_say() -> None:
    """
    ARCHITECTURE.md lists the files as they are now; `make architecture` writes it.
    """
    assert WRITER["page"]() == (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_file_is_listed() -> None:
    """
    Every module and every package of the library is in the list, each as often as it is there.
    """
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition(WRITER["MARKER"])[2]
    files = [path.name for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    packages = [f"{path.parent.name}/" for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]

    assert sorted([*files, *packages]) == sorted(re.findall(r"^ *- (?:\*\*)?`([^`]+)`", text, re.MULTILINE))


def test_first_lines() -> None:
    """
    Every file says in its first line what it is.
    """
    silent = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py") if not WRITER["first_line"](path)]

    assert [] == silent


def test_the_tour_is_one_page() -> None:
    """
    What is written by hand fits one page.
    """
    tour = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition(WRITER["MARKER"])[0]

    assert len(tour.splitlines()) <= 70
