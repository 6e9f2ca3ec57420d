"""Buckets, through obstore. A folder stands for each: all of them lie in one root folder."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, InvalidPathError
from obstore.store import LocalStore

from failwell.server import shorten

LONGEST_KEY = 1024
MOST_OBJECTS = 10_000
_PIECE = 1024 * 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class BucketError(Exception):
    """A bucket or an object cannot be used: a *code* for programs, and words for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class StoredObject:
    """An object as it is listed; *last_modified* is in seconds since the epoch."""

    key: str
    size: int
    last_modified: float


def check_bucket(name: str) -> str:
    """*name* if a bucket may have it, by the rules of S3. Raises: ValueError."""
    if not _BUCKET.fullmatch(name) or ".." in name:
        raise ValueError("must have 3 to 63 characters: lower-case letters, digits, hyphens and single dots")
    return name


def check_key(key: str) -> str:
    """*key* if an object may have it, and a file can. Raises: ValueError."""
    if len(key.encode(errors="replace")) > LONGEST_KEY:
        raise ValueError(f"must not have more than {LONGEST_KEY} bytes")
    for part in key.split("/"):
        if part in {"", ".", ".."} or len(part.encode(errors="replace")) > 255:
            raise ValueError('must be names of at most 255 bytes between single slashes, none of them "." or ".."')
        if not part.isprintable() or "\\" in part or re.search(r"#\d+$", part):
            raise ValueError("must not contain control characters or backslashes, nor end with # and a number")
    return key


def check_prefix(prefix: str) -> str:
    """*prefix*, a folder in a bucket, without slashes around it; "" for all of the bucket. Raises: ValueError."""
    stripped = prefix.strip("/")
    return check_key(stripped) if stripped else ""


class Bucket:
    """The bucket *name* in the folder *root*; the server was denied those whose names are in *denied*.

    Raises:
        ValueError: no bucket can have that name.
        BucketError: here and in every method, if the bucket or an object is not there, or is not to be used.
    """

    def __init__(self, root: Path, name: str, denied: Sequence[str] = ()) -> None:
        self.name = name
        check_bucket(name)
        if name in denied:
            raise self._denied(f'the bucket "{name}"')
        with self._failing(None):
            # A bucket that is a link elsewhere is its operator's; a link inside of one may be anybody's.
            self._home = (root / name).resolve(strict=True)
            if not self._home.is_dir():
                raise FileNotFoundError(name)
            next(self._home.iterdir(), None)
            self._store = LocalStore(self._home)

    def objects(self, prefix: str = "") -> list[StoredObject]:
        """All objects below *prefix*, in the order of their keys; `MOST_OBJECTS` at most."""
        with self._failing(None):
            # obstore lists as the file system does: in no order at all.
            pages = obstore.list(self._store, prefix=prefix or None)
            listed = list(itertools.islice((meta for page in pages for meta in page), MOST_OBJECTS + 1))
            if len(listed) > MOST_OBJECTS:
                message = f'The bucket "{self.name}" has more than {MOST_OBJECTS:,} objects there. Name a prefix.'
                raise BucketError("TOO_MANY_OBJECTS", message)
            return [
                StoredObject(meta["path"], meta["size"], meta["last_modified"].timestamp())
                for meta in sorted(listed, key=lambda meta: meta["path"])
                if self._is_inside(meta["path"])
            ]

    def read(self, key: str, most: int) -> Iterator[bytes]:
        """The content of an object, piece by piece, if it has at most *most* bytes."""
        with self._failing(key):
            # A pipe would be waited for.
            if not self._is_inside(check_key(key)) or not (self._home / key).is_file():
                raise FileNotFoundError(key)
            found = obstore.get(self._store, key)
            if found.meta["size"] > most:
                message = f'The object "{shorten(key)}" of the bucket "{self.name}" has {found.meta["size"]:,} bytes'
                raise BucketError("OBJECT_TOO_LARGE", f"{message}, the most we take is {most:,}. Leave it out.")
            for piece in found.stream(min_chunk_size=_PIECE):
                yield bytes(piece)

    def write(self, key: str, path: Path) -> None:
        """Make the file at *path* the content of an object; one that is there is replaced."""
        with self._failing(key):
            if not self._is_inside(check_key(key)):
                raise PermissionError(key)
            obstore.put(self._store, key, path)

    def _is_inside(self, key: str) -> bool:
        """Whether *key* stays in the bucket, wherever links lead."""
        return (self._home / key).resolve().is_relative_to(self._home)

    def _denied(self, what: str) -> BucketError:
        message = f"This server is denied access to {what}. Give it the permission to list, read and write there."
        return BucketError("ACCESS_DENIED", message)

    @contextlib.contextmanager
    def _failing(self, key: str | None) -> Generator[None]:
        """Turn what the file system or obstore raises into a `BucketError`."""
        where = f'the bucket "{self.name}"'
        what = where if key is None else f'the object "{shorten(key)}" of {where}'
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            if key is None:
                message = f'There is no bucket "{self.name}". Verify its name, and the provider\'s region.'
                raise BucketError("BUCKET_NOT_FOUND", message) from None
            raise BucketError("OBJECT_NOT_FOUND", f"There is not {what}. Verify its key.") from None
        except PermissionError as problem:
            raise self._denied(what) from problem
        except ValueError as problem:
            raise BucketError("INVALID_OBJECT_KEY", f"There cannot be {what}: a key {problem}.") from problem
        except InvalidPathError as problem:
            # obstore says that of the first such file that it comes upon, and lists none of the others.
            message = f"In {where} is a file whose name cannot be a key: it is no UTF-8, or has control characters."
            raise BucketError("INVALID_OBJECT_KEY", f"{message} Rename it.") from problem
        except (OSError, BaseError) as problem:
            # Not the words of the error, which name folders of this machine.
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise BucketError("STORAGE_FAILED", f"{what[0].upper()}{what[1:]} failed ({reason}).") from problem
