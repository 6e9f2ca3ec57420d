"""The text of documents, the good, the broken and the hostile."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from pypdf import PdfWriter

from scopix_server.engine.texts import Limits, Text, UnreadableError, is_document, passages, read_text, text_of

LIMITS = Limits(pages=3, characters=1000)


def pdf(*pages: str, password: str = "", owner: str = "", deflated: bytes | None = None) -> bytes:
    """A PDF with one line of text on each page; *deflated* stands for the content of the last one."""
    count = len(pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{4 + 2 * n} 0 R' for n in range(count))}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        resources = f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] {resources} >>".encode())
        content, how = f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode(), b""
        if deflated is not None and number == count - 1:
            content, how = deflated, b" /Filter /FlateDecode"
        objects.append(b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(content), how, content))
    file = io.BytesIO(b"")
    file.write(b"%PDF-1.4\n")
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % place for place in places)
    file.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    if not password and not owner:
        return file.getvalue()
    writer = PdfWriter(clone_from=file)
    writer.encrypt(password, owner or None, algorithm="RC4-128")
    sealed = io.BytesIO()
    writer.write(sealed)
    return sealed.getvalue()


@pytest.mark.parametrize(
    ("filename", "content", "expected"),
    [
        ("a.txt", b"Hello", Text("Hello")),
        ("a.TXT", "Größe".encode(), Text("Größe")),
        ("a.md", b"\xef\xbb\xbf# Title", Text("# Title")),
        ("a.txt", "Größe".encode("utf-16"), Text("Größe")),
        ("a.pdf", pdf("One", "Two"), Text("One\n\nTwo", 2)),
        ("a.pdf", b"junk before\n" + pdf("One"), Text("One", 1)),
        ("a.pdf", pdf("One", owner="of the owner alone"), Text("One", 1)),
    ],
)
def test_text(filename: str, content: bytes, expected: Text) -> None:
    """
    Text is taken from .txt and .md in UTF-8, or as a byte order mark says, and from PDF page by page.
    """
    assert expected == text_of(filename, content, LIMITS)


@pytest.mark.parametrize(
    ("filename", "content", "code"),
    [
        ("a.txt", b"\xff\xff\xff", "NOT_TEXT"),
        ("a.txt", b"a\0b", "NOT_TEXT"),
        ("a.txt", b" \n ", "NO_TEXT"),
        ("a.txt", b"x" * 1001, "DOCUMENT_TOO_LONG"),
        ("a.pdf", b"no PDF at all", "BROKEN_PDF"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 8, "BROKEN_PDF"),
        ("a.pdf", pdf("One")[:200], "BROKEN_PDF"),
        ("a.pdf", pdf("One", password="secret"), "ENCRYPTED_PDF"),
        ("a.pdf", pdf(""), "NO_TEXT"),
        ("a.pdf", pdf("1", "2", "3", "4"), "DOCUMENT_TOO_LONG"),
        ("a.pdf", pdf("x" * 501, "x" * 501), "DOCUMENT_TOO_LONG"),
        ("a.pdf", pdf("One", deflated=zlib.compress(bytes(200_000_000), 9)), "DOCUMENT_TOO_LONG"),
    ],
)
def test_unreadable(filename: str, content: bytes, code: str) -> None:
    """
    What cannot be read says why, in a code and in words: no text, encrypted, garbage, too much.
    """
    with pytest.raises(UnreadableError) as caught:
        text_of(filename, content, LIMITS)

    assert code == caught.value.code
    assert caught.value.message.endswith(".")


def test_pdf_is_read_behind_a_wall(tmp_path: Path) -> None:
    """
    A PDF is read in a process of its own, and says there what it says here.
    """
    (tmp_path / "good").write_bytes(pdf("One"))
    (tmp_path / "bad").write_bytes(pdf("One", password="secret"))

    assert Text("One", 1) == read_text("a.pdf", tmp_path / "good", LIMITS, seconds=30, memory=2**29)
    with pytest.raises(UnreadableError, match="It is encrypted"):
        read_text("a.pdf", tmp_path / "bad", LIMITS, seconds=30, memory=2**29)


def test_pdf_that_takes_too_much(tmp_path: Path) -> None:
    """
    A PDF that computes for too long, or takes too much memory, is given up; whoever reads it is not.
    """
    line = b"BT /F1 12 Tf 10 100 Td (x) Tj ET\n" * 2_000_000
    (tmp_path / "bomb").write_bytes(pdf("One", deflated=zlib.compress(line)))

    for seconds, memory in ((1.0, 2**32), (100.0, 2**26)):
        with pytest.raises(UnreadableError, match=r"It takes too much to read|more than is read") as caught:
            read_text("a.pdf", tmp_path / "bomb", Limits(), seconds=seconds, memory=memory)
        assert "DOCUMENT_TOO_LONG" == caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One. Two!\n\nThree", ["One. Two! Three"]),
        ("a" * 1500, ["a" * 1000, "a" * 500]),
        (("Sentence. " * 150).strip(), ["Sentence. " * 99 + "Sentence.", "Sentence. " * 49 + "Sentence."]),
    ],
)
def test_passages(text: str, expected: list[str]) -> None:
    """
    A text is cut where sentences end, into passages of a thousand characters.
    """
    assert expected == passages(text)


def test_kinds() -> None:
    """
    A document is known by its name, in any case.
    """
    assert [True, True, True, False, False] == [
        is_document(name) for name in ("a.txt", "b.MD", "c.pdf", "d.png", "pdf")
    ]
