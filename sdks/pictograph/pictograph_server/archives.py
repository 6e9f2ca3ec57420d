"""Zip archives as sources of an import: nothing is unpacked to disk, and nothing they announce is believed."""

from __future__ import annotations

import io
import itertools
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from pictograph_server.entries import Entry, EntryError, Packed, SourceError, is_hidden

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_DIRECTORY_BYTES_PER_ENTRY = 1024
# What zipfile raises about hostile bytes: NotImplementedError is its word for a compression or encryption it has not.
_BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)


def entries_of_archive(path: Path, *, most: int, most_bytes: int, most_ratio: int) -> list[Entry]:
    """The files of the archive at *path* in the order of their names; what is hidden is left out.

    A file of more than *most_bytes* unpacked, or of more than *most_ratio* times its packed size, has that as its
    problem. Raises: SourceError, for what is no archive, has more than *most* files, or files that overlap.
    """
    try:
        with (
            _Limited(io.FileIO(path), most * _DIRECTORY_BYTES_PER_ENTRY) as file,
            zipfile.ZipFile(file) as archive,
        ):
            infos = archive.infolist()
            size = file.seek(0, io.SEEK_END)
    except _BROKEN as problem:
        raise SourceError("It is no zip archive, or a broken one. Pack it again") from problem
    if len(infos) > most:
        raise SourceError(f"It has {len(infos)} entries, an import takes at most {most}. Split it")
    _refuse_overlaps(infos, size)
    entries = [
        _entry(info, most_bytes, most_ratio) for info in infos if not info.is_dir() and not is_hidden(info.filename)
    ]
    return sorted(entries, key=lambda entry: entry.name)


def read_packed(path: Path, packed: Packed) -> bytes:
    """The content of an entry of the archive at *path*, no byte more than was announced.

    Raises: EntryError, if it is not what was announced.
    """
    try:
        with path.open("rb") as file:
            file.seek(packed.offset)
            signature, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            file.seek(name_length + extra_length, io.SEEK_CUR)
            content = file.read(packed.packed_size)
        if signature != _SIGNATURE or len(content) < packed.packed_size:
            raise EntryError("The archive is cut off, or was changed. Import it again")
        if packed.deflated:
            unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
            content = unpacking.decompress(content, packed.size + 1)
    except (OSError, struct.error, zlib.error) as problem:
        raise EntryError("It cannot be unpacked. Pack it again") from problem
    if len(content) != packed.size:
        least = "more than " if len(content) > packed.size else ""
        found = f"{least}{min(len(content), packed.size)}"
        raise EntryError(f"It has {found} bytes, the archive announces {packed.size}. Pack it again")
    if zlib.crc32(content) != packed.checksum:
        raise EntryError("Its checksum is wrong. Pack it again")
    return content


class _Limited(io.BufferedReader):
    """A file of which nobody reads more than *most* bytes at once: so large is no honest directory of an archive."""

    def __init__(self, raw: io.RawIOBase, most: int) -> None:
        super().__init__(raw)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._most:
            raise SourceError(f"Its directory has {size} bytes, we read at most {self._most}. Split it")
        return super().read(size)


def _entry(info: zipfile.ZipInfo, most_bytes: int, most_ratio: int) -> Entry:
    problem = _problem(info, most_bytes, most_ratio)
    if problem is not None:
        return Entry(info.filename, problem=problem)
    deflated = info.compress_type == zipfile.ZIP_DEFLATED
    packed = Packed(info.header_offset, deflated, info.compress_size, info.file_size, info.CRC)
    return Entry(info.filename, info.file_size, packed)


def _problem(info: zipfile.ZipInfo, most_bytes: int, most_ratio: int) -> str | None:
    if info.flag_bits & _ENCRYPTED:
        return "It is encrypted. Pack it without a password"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "It is a link, and is not followed. Pack the file instead"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "It is packed in a way that we cannot read. Pack it with deflate"
    if max(info.file_size, info.compress_size) > most_bytes:
        return f"It has {info.file_size} bytes, the most we take is {most_bytes}. Scale it down"
    if info.file_size > most_ratio * info.compress_size:
        return f"It has more than {most_ratio} times the size to which it is packed. Pack it without compression"
    return None


def _refuse_overlaps(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse an archive whose entries share bytes: a few bytes can be announced as many files that way."""
    ends = [(info.header_offset, info.header_offset + _LOCAL_HEADER.size + info.compress_size) for info in infos]
    for (_, end), (start, _) in itertools.pairwise([*sorted(ends), (size, size)]):
        if end > start:
            raise SourceError("Its entries overlap, or reach beyond its end. Pack it again")
