from __future__ import annotations

from pathlib import Path

from failwell.reference.catalogues import find_catalogue
from failwell.reference.page.collect import page_of
from failwell.reference.page.markdown import markdown

from .command import ROOT, environment, failwell

UNDOCUMENTED = """\
import failwell
from failwell.wire import Detail
class DeskError(failwell.Error):
    '''Base of what the desk raises.'''
class LostError(DeskError, status=404, code="lost"):
    '''It is lost.'''
class OtherError(DeskError, fix="Ask."):
    '''Anything else.'''
DESK = failwell.Catalogue("desk", base=DeskError, default=OtherError, errors=(LostError,), envelope=Detail())
"""


def test_pages_are_written(tmp_path: Path) -> None:
    """
    It writes a page per installed catalogue, and says where; --check is content with them.
    """
    folder = tmp_path / "docs" / "errors"

    ran = failwell("reference", "--out", str(folder))
    checked = failwell("reference", "--out", str(folder), "--check")

    written = "".join(f"{folder / name}.md\n" for name in ("pictograph", "scopix", "subconscious", "vectorshift"))
    assert (0, written, "") == (ran.code, ran.out, ran.err)
    assert markdown(page_of(find_catalogue("pictograph"))) == (folder / "pictograph.md").read_text(encoding="utf-8")
    assert (0, "", "") == (checked.code, checked.out, checked.err)


def test_page_of_a_module(tmp_path: Path) -> None:
    """
    A catalogue may be named by its place in a module.
    """
    env = environment(PYTHONPATH=str(ROOT))

    ran = failwell("reference", "tests.reference.shop:SHOP", "--out", str(tmp_path), env=env)

    assert (0, f"{tmp_path / 'shop.md'}\n", "") == (ran.code, ran.out, ran.err)


def test_stale_pages(tmp_path: Path) -> None:
    """
    --check of a missing or stale page is exit code 2, a sentence and the command that repairs it; nothing is written.
    """
    ran = failwell("reference", "pictograph", "--out", str(tmp_path), "--check")

    message = (
        f"failwell: Pages in {tmp_path} are not what the catalogues say (missing: pictograph.md). "
        f"Write them with: failwell reference --out {tmp_path}\n"
    )
    assert (2, "", message) == (ran.code, ran.out, ran.err)
    assert [] == list(tmp_path.iterdir())


def test_undocumented_code(tmp_path: Path) -> None:
    """
    A code without a fix is exit code 2 and the line of its class.
    """
    about = tmp_path / "failwell_desk-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: failwell-desk\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[failwell.catalogues]\ndesk = desk_errors:DESK\n")
    (tmp_path / "desk_errors.py").write_text(UNDOCUMENTED)

    ran = failwell("reference", "--out", str(tmp_path / "out"), env=environment(PYTHONPATH=str(tmp_path)))

    line = f"LostError 404 lost ({tmp_path / 'desk_errors.py'}:5) has no fix. Write what the caller should do: fix=..."
    assert (2, "", ["failwell: The page of 'desk' would lack 1 facts:", line]) == (
        ran.code,
        ran.out,
        ran.err.splitlines(),
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """
    A folder that cannot be made is exit code 2 and a sentence.
    """
    (tmp_path / "a-file").write_text("mine")

    ran = failwell("reference", "--out", str(tmp_path / "a-file" / "below"))

    assert (2, "", 1) == (ran.code, ran.out, len(ran.err.splitlines()))
    assert str(tmp_path / "a-file") in ran.err
