from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from failwell import Secret
from failwell._support.masking import masked, masked_end, masked_text

KEY = 'sk/CANARY+b"c\\d=='
SECRETS = (Secret(KEY), Secret("sk/CANARY"))

SPELLINGS = st.sampled_from(
    [
        lambda c: json.dumps(c)[1:-1],
        lambda c: json.dumps(c)[1:-1].replace("/", "\\/"),
        lambda c: f"\\u{ord(c):04x}",
        lambda c: f"\\u{ord(c):04X}",
        lambda c: quote(c, safe=""),
        lambda c: f"%{ord(c):02x}",
        lambda c: f"%{ord(c):02X}",
        lambda c: f"&#{ord(c)};",
        lambda c: f"&#x{ord(c):x};",
        lambda c: f"\\x{ord(c):02x}",
    ]
)


@given(st.lists(SPELLINGS, min_size=len(KEY), max_size=len(KEY)))
def test_each_character_in_any_spelling(spellings: list[object]) -> None:
    """
    R4. A secret is found whatever the spelling of each of its characters, and what stands around it stays.
    """
    text = "".join(spell(character) for spell, character in zip(spellings, KEY, strict=True))  # type: ignore[operator]

    assert b"<***> \\n 50% &c" == masked(f"<{text}> \\n 50% &c".encode(), SECRETS)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "spell", [str, lambda text: "".join(f"\\u{ord(c):04x}" for c in text)], ids=["plain", "escaped"]
)
@pytest.mark.parametrize("cut", range(4))
def test_wide_encodings(spell: type[str], encoding: str, cut: int) -> None:
    """
    So it is in UTF-16 and UTF-32, also where the text was cut within a character.
    """
    text = f'{{"é": "{spell(KEY)}"}}   '.encode(encoding)
    found = masked(text[: len(text) - cut], SECRETS)

    assert '{"é": "***"}' == found.decode(encoding, "ignore").strip()


@given(st.lists(SPELLINGS, min_size=8, max_size=len(KEY) - 1), st.sampled_from(["", "&quo", "\\u00", "\\", "%2"]))
def test_start_of_a_secret_at_the_end(spellings: list[object], unfinished: str) -> None:
    """
    The start of a secret, where a text was broken off, is found whatever the spelling of each of its characters.
    """
    start = "".join(spell(character) for spell, character in zip(spellings, KEY, strict=False))  # type: ignore[operator]

    assert b"sk/CAN, <***" == masked_end(f"sk/CAN, <{start}{unfinished}".encode(), SECRETS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<sk/CANARY+b", "<***"),
        ("<sk/CANAR", "<***"),
        ("<sk/CANA", "<sk/CANA"),
        ("<sk/CANAR ", "<sk/CANAR "),
        ("sk/CANAR <", "sk/CANAR <"),
        ("", ""),
        ("sk/CANARsk/CANAR", "sk/CANAR***"),
        ("<aaaaaaaa", "<***"),
        ("<aaaaaaaaaa", "<***"),
        ("<short", "<short"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
def test_how_much_of_a_start_is_one(text: str, expected: str, encoding: str) -> None:
    """
    Eight characters of it at the very end are the start of a secret; fewer, or what goes on otherwise, are none.
    """
    secrets = (*SECRETS, Secret("a" * 10), Secret("short"), Secret(""))

    assert f"[{expected}" == masked_end(f"[{text}".encode(encoding), secrets).decode(encoding)


@pytest.mark.parametrize(
    "text", [b"", b"50% & \\n \\u00", b"\0\0\0\0", b"\\u0073k", b"%", b"&#99999999;", b"&no;", b"\xff\0"]
)
def test_what_has_no_secret_is_the_same(text: bytes) -> None:
    """
    A text without a secret stays as it is, byte by byte.
    """
    assert text == masked(text, SECRETS)


@given(st.binary(max_size=80))
def test_any_bytes(text: bytes) -> None:
    """
    Any bytes can be looked through.
    """
    assert isinstance(masked(text + b"\\\0%&", SECRETS), bytes)


def test_text_without_a_secret_is_not_copied() -> None:
    """
    Text in which nothing is found is the very same object.
    """
    text = "née \ud800"

    assert text is masked_text(text, lambda raw: masked(raw, SECRETS))


@pytest.mark.parametrize("part", [b"\\u0073", b"%73", b"&#115;", b"\\\\", b"s\0", b"\\u0073k\\u002f"])
def test_long_texts_are_looked_through_in_time(part: bytes) -> None:
    """
    A body of 256 KiB takes less than 5 s of CPU, whatever it is made of.
    """
    before = time.process_time()
    masked(part * (256 * 1024 // len(part)), SECRETS)

    assert time.process_time() - before < 5.0
