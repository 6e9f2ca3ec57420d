from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from failwell.wire import json
from tests.contract.samples.strategies import JSON


@given(JSON)
def test_json_values_stay_what_they_are(value: Any) -> None:
    """
    What is JSON already is written and read back unchanged.
    """
    assert value == json.plain(value)
    assert value == json.loads(json.dumps(value))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    """
    Bytes are a JSON document or `UnreadableError`; what is read can be written again.
    """
    try:
        value = json.loads(body)
    except json.UnreadableError:
        return

    assert json.plain(value) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'"' + b"x" * json.LONGEST + b'"', b"\xef\xbb\xbf"]
)
def test_unreadable(body: bytes) -> None:
    """
    No document, one that nests too deep and one over 1 MiB are unreadable, with their length in the message.
    """
    with pytest.raises(json.UnreadableError, match=str(len(body))):
        json.loads(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"9" * 400, int("9" * 400)),
        (b"9" * 401, "9" * 401),
        (b"9" * 6000, "9" * 6000),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, None]),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'\xef\xbb\xbf"x"', "x"),
        ('"x"'.encode("utf-32"), "x"),
    ],
    ids=["400 digits", "401 digits", "6000 digits", "NaN", "surrogate pair", "BOM", "UTF-32"],
)
def test_odd_documents(body: bytes, expected: Any) -> None:
    """
    Long integers stay text, NaN is null, and any encoding of Unicode is read.
    """
    assert expected == json.loads(body)


def test_deep_values_are_cut() -> None:
    """
    Of a value with 900 levels, 64 are written.
    """
    deep: Any = "deep"
    for _ in range(900):
        deep = [deep]

    assert b"[" * 64 + '"…"'.encode() + b"]" * 64 == json.dumps(deep)


def test_a_structure_inside_itself_ends() -> None:
    """
    A structure that holds itself, twice over, is written at once and not for ever.
    """
    circle: dict[str, Any] = {}
    circle["parent"] = {"child": circle, "again": circle, "list": [circle, circle]}
    started = time.process_time()

    assert (
        b'{"parent":{"child":"\xe2\x80\xa6","again":"\xe2\x80\xa6","list":["\xe2\x80\xa6","\xe2\x80\xa6"]}}'
        == json.dumps(circle)
    )
    assert time.process_time() - started < 1


def test_the_same_part_twice_is_written_twice() -> None:
    """
    A part that appears in two places is not mistaken for a circle.
    """
    part = [1]

    assert b"[[1],[1]]" == json.dumps([part, part])
