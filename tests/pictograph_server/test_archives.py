from __future__ import annotations

import contextlib
import io
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from pictograph_server.archives import entries_of_archive, read_packed
from pictograph_server.entries import Entry, EntryError, SourceError

from .job_data import zipped

KILOBYTE = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the archive goes."""
    return tmp_path / "a.zip"


def entries(
    path: Path, content: bytes, most: int = 100, most_bytes: int = 100 * KILOBYTE, most_ratio: int = 200
) -> list[Entry]:
    """The entries of an archive."""
    path.write_bytes(content)
    return entries_of_archive(path, most=most, most_bytes=most_bytes, most_ratio=most_ratio)


def only(path: Path, content: bytes, **limits: int) -> Entry:
    """The one entry of an archive."""
    (entry,) = entries(path, content, **limits)
    return entry


def content_of(path: Path, entry: Entry) -> bytes:
    """What is in *entry*, which has no problem."""
    assert (entry.problem, True) == (None, entry.packed is not None)
    assert entry.packed is not None
    return read_packed(path, entry.packed)


def directory_field(content: bytes, offset: int, code: str, value: int) -> bytes:
    """*content* with a field of the first entry changed where the archive announces it: in its directory."""
    at = content.index(b"PK\x01\x02") + offset
    return content[:at] + struct.pack(code, value) + content[at + struct.calcsize(code) :]


SIZE, PACKED_SIZE, CHECKSUM, FLAGS, METHOD, OFFSET = 24, 20, 16, 8, 10, 42


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries(path: Path, how: int) -> None:
    """
    The files of an archive are its entries, by name; folders and what is hidden are not. Each is read back.
    """
    files = {"b.png": b"b" * 10, "a/c.png": b"", "a/": b"", "__MACOSX/a/c.png": b"x", "a/.DS_Store": b"x"}

    found = entries(path, zipped(files, how))

    assert [("a/c.png", 0), ("b.png", 10)] == [(entry.name, entry.size) for entry in found]
    assert [b"", b"b" * 10] == [content_of(path, entry) for entry in found]


def test_something_before_the_archive(path: Path) -> None:
    """
    An archive behind other bytes, as of a program that unpacks itself, is read.
    """
    assert b"hello" == content_of(path, only(path, b"#!/bin/sh\n" + zipped({"x": b"hello"})))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x05\x06", b"<html>" * 1000, zipped({"x": b"x" * 100})[:-30], zipped({"x": b"x"})[40:]],
    ids=["empty", "two bytes", "signature", "HTML", "cut at the end", "cut at the start"],
)
def test_broken(path: Path, content: bytes) -> None:
    """
    What is no archive, or no whole one, is refused.
    """
    with pytest.raises(SourceError, match=r"no zip archive, or a broken one|overlap"):
        entries(path, content)


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_damage(path: Path, how: int) -> None:
    """
    An archive with any one byte changed, or cut off anywhere, gives the right content or is refused, nothing else.
    """
    whole = zipped({"x.png": b"hello" * 3, "a/y.png": b"bye"}, how)
    for place in range(len(whole)):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            with contextlib.suppress(SourceError):
                for entry in entries(path, damaged):
                    with contextlib.suppress(EntryError):
                        if entry.problem is None:
                            assert content_of(path, entry) in {b"hello" * 3, b"bye"}


def test_too_many_entries(path: Path) -> None:
    """
    Exactly the largest number of entries is taken; one more is refused with both numbers.
    """
    content = zipped({f"{number}.png": b"x" for number in range(5)})

    assert 5 == len(entries(path, content, most=5))
    with pytest.raises(SourceError, match="has 5 entries, an import takes at most 4"):
        entries(path, content, most=4)


def test_very_many_entries(path: Path) -> None:
    """
    A directory that is far too large for the entries allowed is refused before it is read.
    """
    content = zipped({"x" * 60_000 + str(number): b"" for number in range(20)})

    with pytest.raises(SourceError, match=r"directory has 1[0-9]{6} bytes, we read at most 102400"):
        entries(path, content)


def test_encrypted(path: Path) -> None:
    """
    An encrypted file has that as its problem.
    """
    entry = only(path, directory_field(zipped({"x.png": b"x"}), FLAGS, "<H", 1))

    assert "It is encrypted. Pack it without a password" == entry.problem


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(path: Path, method: int) -> None:
    """
    A file that is packed by a method that we do not unpack has that as its problem.
    """
    assert "Pack it with deflate" in str(only(path, zipped({"x.png": b"x"}, method)).problem)


def test_link(path: Path) -> None:
    """
    A symbolic link is not followed: it has that as its problem.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("x.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    assert "It is a link, and is not followed. Pack the file instead" == only(path, file.getvalue()).problem


def test_too_large(path: Path) -> None:
    """
    A file that announces more than the largest size has that as its problem, before anything is unpacked.
    """
    content = zipped({"x.png": bytes(range(256)) * 4}, zipfile.ZIP_STORED)

    assert only(path, content, most_bytes=1024).problem is None
    assert "It has 1024 bytes, the most we take is 1023. Scale it down" == (
        only(path, content, most_bytes=1023).problem
    )


def test_ratio(path: Path) -> None:
    """
    A file that unpacks to more than the largest ratio has that as its problem.
    """
    content = zipped({"x.png": b"\0" * 100 * KILOBYTE})
    ratio = 100 * KILOBYTE / len(zlib.compress(b"\0" * 100 * KILOBYTE, wbits=-15))

    assert only(path, content, most_ratio=int(ratio) + 1).problem is None
    problem = only(path, content, most_ratio=int(ratio)).problem
    assert f"It has more than {int(ratio)} times the size to which it is packed. Pack it without compression" == problem


@pytest.mark.parametrize("announced", [1, 999, 1001, 50_000])
@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_announced_size(path: Path, announced: int, how: int) -> None:
    """
    A file of another size than the archive announces is refused, and no more than announced is unpacked.
    """
    content = directory_field(zipped({"x.png": bytes(1000)}, how), SIZE, "<I", announced)

    with pytest.raises(EntryError, match=f"the archive announces {announced}"):
        content_of(path, only(path, content, most_ratio=10**6))


def test_bomb_that_hides_its_size(path: Path) -> None:
    """
    20 gigabytes that are announced as ten bytes cost nothing: they are refused at the eleventh byte.
    """
    packer = zlib.compressobj(wbits=-15)
    megabyte = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = megabyte * 20_000 + packer.flush()
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 10, 5, 0) + b"x.png"
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), 10, 5, 0, 0, 0, 0, 0, 0
    )
    body = local + packed
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central) + 5, len(body), 0)
    entry = only(path, body + central + b"x.png" + end, most_bytes=100_000_000)
    begun = time.process_time()

    with pytest.raises(EntryError, match="It has more than 10 bytes, the archive announces 10"):
        content_of(path, entry)

    # All of them would take half a minute.
    assert 3 > time.process_time() - begun


def test_wrong_checksum(path: Path) -> None:
    """
    A file with another checksum than the archive announces is refused.
    """
    content = directory_field(zipped({"x.png": b"hello"}), CHECKSUM, "<I", 7)

    with pytest.raises(EntryError, match="checksum is wrong"):
        content_of(path, only(path, content))


def test_overlapping(path: Path) -> None:
    """
    An archive whose directory names the same bytes several times is refused: so few bytes would become many.
    """
    content = zipped({"a.png": b"a" * 500, "b.png": b"b" * 500})
    at = content.rindex(b"PK\x01\x02") + OFFSET
    content = content[:at] + struct.pack("<I", 0) + content[at + 4 :]

    with pytest.raises(SourceError, match="entries overlap"):
        entries(path, content)


def test_beyond_the_end(path: Path) -> None:
    """
    An archive that announces more packed bytes than it has is refused.
    """
    with pytest.raises(SourceError, match="reach beyond its end"):
        entries(path, directory_field(zipped({"x.png": b"hello"}), PACKED_SIZE, "<I", 5000))


def test_changed_since(path: Path) -> None:
    """
    An archive that was replaced, cut or removed since it was listed gives a refusal, not other bytes.
    """
    entry = only(path, zipped({"x.png": b"hello" * 100}, zipfile.ZIP_STORED))

    for now in (b"", b"other" * 1000, path.read_bytes()[:100], zipped({"y.png": b"HELLO" * 100}, zipfile.ZIP_STORED)):
        path.write_bytes(now)
        with pytest.raises(EntryError):
            content_of(path, entry)
    path.unlink()
    with pytest.raises(EntryError, match="cannot be unpacked"):
        content_of(path, entry)


@pytest.mark.parametrize("name", ["/abs.png", "../up.png", "a\\b.png", "C:/x.png"])
def test_names_are_kept(path: Path, name: str) -> None:
    """
    Names are given as they are: who makes a place of them refuses those that lead elsewhere.
    """
    assert name == only(path, zipped({name: b"x"})).name


def test_duplicates(path: Path) -> None:
    """
    Two entries of one name are both given.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.png", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x.png", b"2")

    found: list[Any] = entries(path, file.getvalue())

    assert [b"1", b"2"] == [content_of(path, entry) for entry in found]
