from __future__ import annotations

import compileall
import importlib
import sys
from pathlib import Path

import pytest

from failwell.reference.page.docstrings import meanings
from pictograph.exceptions import CATALOGUE, ServerError

SOURCE = '''\
class Above:
    size: int
    """How large it is,
    in bytes."""
    colour: str
    name: str
    """Its name."""


class Below(Above):
    name: str
    """Its own name."""
    shape = "round"
    """Not an annotation."""

    class Inside:
        depth: int
        """How deep."""
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with a module whose attributes have meanings."""
    (tmp_path / "things_to_explain.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "things_to_explain", raising=False)
    return tmp_path


def test_a_string_below_an_attribute(folder: Path) -> None:
    """
    What stands below an attribute is its meaning, in one line; a subclass inherits it and may say it anew.
    """
    module = importlib.import_module("things_to_explain")

    assert {"size": "How large it is, in bytes.", "name": "Its name."} == meanings(module.Above)
    assert {"size": "How large it is, in bytes.", "name": "Its own name."} == meanings(module.Below)
    assert {"depth": "How deep."} == meanings(module.Below.Inside)


def test_byte_code_alone(folder: Path) -> None:
    """
    A program that was shipped without its source has no meanings, and no error.
    """
    source = folder / "things_to_explain.py"
    assert compileall.compile_file(source, quiet=1, legacy=True)
    source.unlink()
    from failwell.reference.page.docstrings import _in_module

    _in_module.cache_clear()

    assert {} == meanings(importlib.import_module("things_to_explain").Below)


def test_a_redeclared_attribute() -> None:
    """
    An attribute that a class declares again without a word keeps the meaning that its parent gave it.
    """
    assert "The HTTP status, or None for an error that no reply told of." == meanings(ServerError)["status_code"]


def test_every_attribute_of_pictograph() -> None:
    """
    Every attribute of the Pictograph contract says what it means.
    """
    from failwell.reference.page.collect import page_of

    page = page_of(CATALOGUE)

    assert [] == [f"{e.name}.{a.name}" for e in page.errors for a in (*e.attributes, *page.evidence) if not a.meaning]
