from __future__ import annotations

import pytest

from pictograph_server.entries import Entry, EntryError, SourceError, is_hidden, place_of, refuse_too_many, shown


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("x.png", ("/", "x.png")),
        ("a/b/x.png", ("/a/b", "x.png")),
        ("a//x.png", ("/a", "x.png")),
        ("日本/ü #1.png", ("/日本", "ü #1.png")),
        ("a..b/..x.png", ("/a..b", "..x.png")),
    ],
)
def test_place(name: str, place: tuple[str, str]) -> None:
    """
    The folders of an entry become the folder of its image.
    """
    assert place == place_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/x.png",
        "../x.png",
        "a/../../x.png",
        "a/./x.png",
        "a//b/x.png",
        "a\\..\\x.png",
        "C:\\x.png",
        "a\x00b.png",
        "a\nb.png",
        "\udcff.png",
        "",
        " ",
        "a/",
        "x" * 201,
        "y" * 501 + "/x.png",
    ],
)
def test_names_that_cannot_be(name: str) -> None:
    """
    A name that leads elsewhere, or that no uploaded image may have, is refused with the reason.
    """
    with pytest.raises(EntryError, match=r"Rename it|Name it relative"):
        place_of(name)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        (".DS_Store", True),
        ("a/.git/x.png", True),
        ("__MACOSX/a/x.png", True),
        ("a/__MACOSX/x.png", False),
        ("a/x.png", False),
        ("../x.png", False),
        ("a/./x.png", False),
    ],
)
def test_hidden(name: str, hidden: bool) -> None:
    """
    What begins with a dot is hidden, and what macOS adds; ways out are not, so that they are told of.
    """
    assert hidden == is_hidden(name)


def test_too_many() -> None:
    """
    Exactly the largest number and size are taken; one more is refused with both numbers.
    """
    entries = [Entry("x", size=10), Entry("y", size=10)]
    refuse_too_many(entries, most=2, most_bytes=20)

    with pytest.raises(SourceError, match="has 2 files so far, it takes at most 1"):
        refuse_too_many(entries, most=1, most_bytes=20)
    with pytest.raises(SourceError, match="has 20 bytes unpacked so far, it takes at most 19"):
        refuse_too_many(entries, most=2, most_bytes=19)


@pytest.mark.parametrize(("name", "text"), [("a\udcff\x00\nb.png", "a???b.png"), ("x" * 100, "x" * 63 + "…")])
def test_shown(name: str, text: str) -> None:
    """
    A name is shown short, and without what UTF-8 cannot carry or a terminal would obey.
    """
    assert text == shown(name)
