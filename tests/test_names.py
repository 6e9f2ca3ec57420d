"""What this software is called, and which version it is: said in one place each."""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import metadata, version

import pytest

from tests.tracked import ROOT, tracked

DISTRIBUTIONS = {
    "failwell": ".",
    "failwell-pictograph": "sdks/pictograph",
    "failwell-subconscious": "sdks/subconscious",
}

FORMER = "err" + "ata"
"""The name until 0.1, which belongs to somebody else. Written so that this file does not have it."""
MAY_TELL = ("CHANGELOG.md", "changelog.d/", "tests/test_folders.py")
"""The changelog says what happened, and a test puts a clone into a folder of that name."""


def test_former_name() -> None:
    """
    No tracked file has the former name, in its path or its content.
    """
    names = [name for name in tracked() if not name.startswith(MAY_TELL)]
    have = [name for name in names if FORMER in name.lower() or FORMER.encode() in (ROOT / name).read_bytes().lower()]

    assert [] == have
    assert len(names) > 500


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_version(distribution: str) -> None:
    """
    A distribution has the version that its package says, which stands nowhere else.
    """
    project = tomllib.loads((ROOT / DISTRIBUTIONS[distribution] / "pyproject.toml").read_text(encoding="utf-8"))
    package = importlib.import_module(distribution.removeprefix("failwell-"))

    assert (["version"], None) == (project["project"]["dynamic"], project["project"].get("version"))
    assert version(distribution) == package.__version__


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_addresses(distribution: str) -> None:
    """
    A distribution says where its source, its documentation and its changes are.
    """
    urls = dict(url.split(", ", 1) for url in metadata(distribution).get_all("Project-URL") or [])

    assert ["Changelog", "Documentation", "Repository"] == sorted(urls)
    assert {"https://github.com/failwell/failwell"} == {"/".join(url.split("/")[:5]) for url in urls.values()}
