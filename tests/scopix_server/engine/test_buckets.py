"""Buckets that are there, denied, broken, and those that somebody would like to reach."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scopix_server.engine.buckets import Bucket, BucketError, StoredObject, check_bucket, check_key, check_prefix


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with the bucket "photos", and secrets beside it."""
    photos = tmp_path / "root" / "photos"
    (photos / "a" / "deep").mkdir(parents=True)
    (photos / "a" / "deep" / "x.txt").write_bytes(b"x" * 3_000_000)
    (photos / "b #1 ä.txt").write_bytes(b"b")
    for path in (photos / "a" / "deep" / "x.txt", photos / "b #1 ä.txt"):
        os.utime(path, (0, 1_767_225_600))
    secret = tmp_path / "outside" / "secret.txt"
    secret.parent.mkdir()
    secret.write_bytes(b"secret")
    (photos / "link.txt").symlink_to(secret)
    (photos / "out").symlink_to(secret.parent)
    os.mkfifo(photos / "pipe")
    (tmp_path / "root" / "afile").write_bytes(b"")
    return tmp_path / "root"


def test_list_and_read(root: Path) -> None:
    """
    Objects are listed by their keys, and read in pieces; what a link in the bucket leads to outside is not there.
    """
    bucket = Bucket(root, "photos")

    deep = StoredObject("a/deep/x.txt", 3_000_000, 1_767_225_600.0)
    assert [deep, StoredObject("b #1 ä.txt", 1, 1_767_225_600.0)] == bucket.objects()
    assert [deep] == bucket.objects("a")
    assert [] == bucket.objects("nowhere")
    pieces = list(bucket.read("a/deep/x.txt", 3_000_000))
    assert (b"x" * 3_000_000, True) == (b"".join(pieces), len(pieces) > 1)


def test_write(root: Path, tmp_path: Path) -> None:
    """
    A file becomes an object, again and again; none is written through a link that leads outside.
    """
    bucket = Bucket(root, "photos")
    secret = tmp_path / "outside" / "secret.txt"
    for _ in range(2):
        bucket.write("new/s.txt", secret)

    assert b"secret" == (root / "photos" / "new" / "s.txt").read_bytes()
    for key in ("out/evil.txt", "link.txt", "../evil.txt"):
        with pytest.raises(BucketError):
            bucket.write(key, root / "photos" / "a" / "deep" / "x.txt")
    assert (["secret.txt"], ["outside", "root"]) == tuple(
        sorted(path.name for path in folder.iterdir()) for folder in (secret.parent, tmp_path)
    )
    assert b"secret" == secret.read_bytes()


def denied_by_the_system(root: Path) -> object:
    """List a bucket that this process may not look into."""

    class Denying(Bucket):
        def _is_inside(self, key: str) -> bool:
            raise PermissionError(errno.EACCES, "Permission denied", key)

    return Denying(root, "photos").objects()


def going_round(root: Path) -> object:
    """List a bucket with a link to where it came from."""
    (root / "photos" / "round").symlink_to(root)
    return Bucket(root, "photos").objects()


def badly_named(root: Path) -> object:
    """List a bucket with a file whose name is no text."""
    (root / "photos" / "a\nb.txt").touch()
    return Bucket(root, "photos").objects()


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no bucket": (lambda root: Bucket(root, "nothing"), "BUCKET_NOT_FOUND"),
    "a file": (lambda root: Bucket(root, "afile"), "BUCKET_NOT_FOUND"),
    "denied": (lambda root: Bucket(root, "photos", ["photos"]), "ACCESS_DENIED"),
    "denied by the system": (denied_by_the_system, "ACCESS_DENIED"),
    "a name that is no key": (badly_named, "INVALID_OBJECT_KEY"),
    "a link to itself": (going_round, "STORAGE_FAILED"),
    "no object": (lambda root: list(Bucket(root, "photos").read("nothing", 9)), "OBJECT_NOT_FOUND"),
    "a folder": (lambda root: list(Bucket(root, "photos").read("a", 9)), "OBJECT_NOT_FOUND"),
    "a pipe": (lambda root: list(Bucket(root, "photos").read("pipe", 9)), "OBJECT_NOT_FOUND"),
    "a link": (lambda root: list(Bucket(root, "photos").read("link.txt", 9)), "OBJECT_NOT_FOUND"),
    "through a link": (lambda root: list(Bucket(root, "photos").read("out/secret.txt", 9)), "OBJECT_NOT_FOUND"),
    "outside": (lambda root: list(Bucket(root, "photos").read("../../secret.txt", 9)), "INVALID_OBJECT_KEY"),
    "too large": (lambda root: list(Bucket(root, "photos").read("a/deep/x.txt", 2_999_999)), "OBJECT_TOO_LARGE"),
    "over a folder": (lambda root: Bucket(root, "photos").write("a", root / "afile"), "STORAGE_FAILED"),
    "below a file": (lambda root: Bucket(root, "photos").write("b #1 ä.txt/y", root / "afile"), "STORAGE_FAILED"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(root: Path, name: str) -> None:
    """
    What is not there, denied, too large or outside says so, and nothing of this machine's folders.
    """
    use, code = REFUSED[name]

    with pytest.raises(BucketError) as caught:
        use(root)

    assert code == caught.value.code
    assert str(root) not in caught.value.message


BAD_BUCKETS = ["", "a", "..", "a/b", "/etc", "A-B", "a..b", "-abc", "abc-", "a" * 64, "a\\b", "ab\0"]
BAD_KEYS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "../a",
    "a\0",
    "a\nb",
    "a\\b",
    "x" * 1025,
    "x" * 256,
    "a#1",
]


@pytest.mark.parametrize("name", BAD_BUCKETS)
def test_bad_buckets(name: str) -> None:
    """
    A bucket's name is one of S3's: none of them leaves the root.
    """
    with pytest.raises(ValueError, match="must"):
        check_bucket(name)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_keys(key: str) -> None:
    """
    A key is names between slashes: none of them leaves the bucket.
    """
    with pytest.raises(ValueError, match="must"):
        check_key(key)


def test_prefixes() -> None:
    """
    A prefix is a folder, with slashes around it or not.
    """
    assert ["", "", "a", "a/b"] == [check_prefix(prefix) for prefix in ("", "/", "/a/", "a/b")]
