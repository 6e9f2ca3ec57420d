from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from failwell import CatalogueError
from failwell.reference.catalogues import find_catalogue, known_catalogues
from failwell.reference.errors import BrokenCatalogueError, UnknownCatalogueError
from pictograph.exceptions import CATALOGUE

SERVER = ["fastapi", "starlette", "uvicorn", "limits", "httpx2", "pydantic", "pictograph_server", "rich", "typer"]

TWO_CLAIMS = """\
import failwell
from failwell.wire import Detail
class DeskError(failwell.Error): ...
class OneError(DeskError, status=409): ...
class TwoError(DeskError, status=409): ...
DESK = failwell.Catalogue("desk", base=DeskError, default=DeskError, errors=(OneError, TwoError), envelope=Detail())
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **catalogues: str) -> None:
    """Install a distribution with these entry points in *folder*, which is put on the path."""
    about = folder / "failwell_desk-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: failwell-desk\nVersion: 1.0\n")
    points = "\n".join(f"{name} = {where}" for name, where in catalogues.items())
    (about / "entry_points.txt").write_text(f"[failwell.catalogues]\n{points}\n")
    monkeypatch.syspath_prepend(folder)


def test_installed_catalogue() -> None:
    """
    An installed SDK brings its catalogue.
    """
    assert "pictograph" in known_catalogues()
    assert CATALOGUE is find_catalogue("pictograph")


def test_no_server_is_needed() -> None:
    """
    A catalogue is found and explained without loading a server, an HTTP library or models.
    """
    program = (
        "import sys; from failwell.reference.catalogues import find_catalogue; "
        "from failwell.reference.explanation.explain import explain; "
        "explain('409', [find_catalogue('pictograph')]); "
        f"print(*sorted(set({SERVER!r}) & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "" == printed.stdout.strip()


def test_unknown_catalogue() -> None:
    """
    An unknown name is an error that names those that are installed.
    """
    with pytest.raises(UnknownCatalogueError) as caught:
        find_catalogue("nope")

    known = ("pictograph", "scopix", "subconscious", "vectorshift")
    message = (
        f"No catalogue is called 'nope'. Installed: {', '.join(known)}. Install another with: pip install failwell-NAME"
    )
    assert (message, "nope", known) == (str(caught.value), caught.value.name, caught.value.known)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("no_such_module:DESK", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("json:DESK", "AttributeError: module 'json' has no attribute 'DESK'"),
        ("json:loads", "it is a function, not a Catalogue"),
    ],
)
def test_broken_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, reason: str) -> None:
    """
    A catalogue that cannot be loaded is an error that says where it should be, and why not.
    """
    install(tmp_path, monkeypatch, desk=where)

    with pytest.raises(BrokenCatalogueError) as caught:
        find_catalogue("desk")

    message = f"The catalogue 'desk' ({where}) cannot be loaded: {reason}. Install its distribution anew."
    assert (message, reason) == (str(caught.value), caught.value.reason)


def test_contradicting_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A catalogue whose classes contradict each other says so itself, with both lines.
    """
    (tmp_path / "contradicting_desk.py").write_text(TWO_CLAIMS)
    install(tmp_path, monkeypatch, desk="contradicting_desk:DESK")

    with pytest.raises(CatalogueError, match=r"OneError \(.*:4\) and TwoError \(.*:5\)"):
        find_catalogue("desk")
