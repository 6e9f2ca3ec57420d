from __future__ import annotations

import os
from pathlib import Path

import pytest

from pictograph_server.entries import Entry, EntryError, SourceError
from pictograph_server.folders import entries_of_folder, read_file

from .job_data import put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An import root with a folder "f", beside a secret that is outside of it."""
    put(tmp_path, {"secret/key.png": b"secret", "root/f/b.png": b"bb", "root/f/a/c.png": b"ccc", "root/g/d.png": b"d"})
    return (tmp_path / "root").resolve()


def entries(root: Path, most: int = 100) -> list[Entry]:
    """The entries of "f"."""
    return entries_of_folder(root / "f", root=root, most=most)


def problems(root: Path) -> dict[str, str | None]:
    """What is wrong with each entry of "f" that is not as it was made."""
    return {entry.name: entry.problem for entry in entries(root) if entry.name not in {"a/c.png", "b.png"}}


def test_entries(root: Path) -> None:
    """
    The files of a folder and of those below it are its entries, by name, with their sizes; what is hidden is not.
    """
    put(root / "f", {".hidden.png": b"x", "a/.git/x.png": b"x", ".git/x.png": b"x"})

    assert [Entry("a/c.png", size=3), Entry("b.png", size=2)] == entries(root)


def test_too_many(root: Path) -> None:
    """
    More files than allowed end the walk.
    """
    assert 2 == len(entries(root, most=2))
    with pytest.raises(SourceError, match="more than 1 files"):
        entries(root, most=1)


def test_links(root: Path) -> None:
    """
    Links to files below the import root are followed; those that lead out, to folders, to nowhere and in circles not.
    """
    links = {
        "inside.png": root / "g" / "d.png",
        "outside.png": root.parent / "secret" / "key.png",
        "relative.png": Path("../../secret/key.png"),
        "folder": root / "g",
        "parent": Path(".."),
        "nowhere.png": root / "nowhere",
        "circle.png": Path("circle.png"),
    }
    for name, target in links.items():
        (root / "f" / name).symlink_to(target)

    found = problems(root)

    assert found.pop("inside.png") is None
    assert {
        "outside.png": "leads out",
        "relative.png": "leads out",
        "folder": "link to a folder",
        "parent": "link to a folder",
        "nowhere.png": "leads nowhere",
        "circle.png": "leads nowhere",
    } == {
        name: next(part for part in ("leads out", "link to a folder", "leads nowhere") if part in str(problem))
        for name, problem in found.items()
    }


def test_pipes(root: Path) -> None:
    """
    A named pipe is no file, and nobody waits for what comes out of it.
    """
    os.mkfifo(root / "f" / "pipe.png")

    assert {"pipe.png": "It is no file. Remove it"} == problems(root)
    with pytest.raises(EntryError, match="no file any more"):
        read_file(root / "f" / "pipe.png", root=root, most=10)


def test_unreadable_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A folder that cannot be read is told of, and the rest is read; whoever runs the test.
    """
    listed = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)

    assert [
        Entry("a", problem="The folder cannot be read (Permission denied). Change its permissions"),
        Entry("b.png", size=2),
    ] == entries(root)


def test_read(root: Path) -> None:
    """
    A file of the largest size is read; one byte more is refused.
    """
    assert b"ccc" == read_file(root / "f/a/c.png", root=root, most=3)
    with pytest.raises(EntryError, match="larger than 2 bytes"):
        read_file(root / "f/a/c.png", root=root, most=2)


def test_read_what_changed(root: Path) -> None:
    """
    A file that became a link out of the root, a folder, or nothing since it was listed is refused.
    """
    path = root / "f" / "b.png"
    path.unlink()
    with pytest.raises(EntryError, match=r"cannot be read \(No such file or directory\)"):
        read_file(path, root=root, most=10)
    path.symlink_to(root.parent / "secret" / "key.png")
    with pytest.raises(EntryError, match="leads out"):
        read_file(path, root=root, most=10)
    path.unlink()
    path.mkdir()
    with pytest.raises(EntryError, match=r"no file any more|cannot be read"):
        read_file(path, root=root, most=10)


def test_link_made_after_the_check(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A file that becomes a link between the check and the reading is not followed.
    """
    path = root / "f" / "b.png"
    resolved = Path.resolve

    def resolve(self: Path, strict: bool = False) -> Path:
        real = resolved(self, strict=strict)
        path.unlink()
        path.symlink_to(root.parent / "secret" / "key.png")
        return real

    monkeypatch.setattr(Path, "resolve", resolve)

    with pytest.raises(EntryError, match="cannot be read"):
        read_file(path, root=root, most=10)
