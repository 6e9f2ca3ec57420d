from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from failwell import Secret
from failwell._support.masking import masked

CANARY = "pk_live_canary"


PRINTED: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "format": format,
    "f-string": lambda secret: f"{secret} {secret!r} {secret!a} {secret!s:>20}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the older form
    "inside": lambda secret: str([secret, {secret: secret}]),
    "dir": lambda secret: str(dir(secret)),
    "JSON": lambda secret: json.dumps(secret, default=str),
    "exception": lambda secret: repr(ValueError(secret)),
    "log": lambda secret: logging.LogRecord("name", 0, "path", 0, "%s", (secret,), None).getMessage(),
}


@pytest.mark.parametrize("printed", PRINTED.values(), ids=PRINTED)
def test_it_is_never_printed(printed: Callable[[Secret], str]) -> None:
    """
    However a secret is printed, it is `***`.
    """
    assert CANARY not in printed(Secret(CANARY))


def test_it_has_no_vars() -> None:
    """
    A secret has no `__dict__` that would show it.
    """
    with pytest.raises(TypeError, match="__dict__"):
        vars(Secret(CANARY))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    """
    A secret refuses to be pickled, without naming its value.
    """
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(Secret(CANARY), protocol)

    assert CANARY not in str(caught.value)


def test_it_is_not_copied_either() -> None:
    """
    What holds a secret cannot be deep-copied by accident.
    """
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy({"key": Secret(CANARY)})


def test_it_is_a_value() -> None:
    """
    Secrets are compared by value, and an empty one is false.
    """
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert 1 == len({Secret("a"), Secret("a")})
    assert (True, False) == (bool(Secret("a")), bool(Secret("")))
    assert CANARY == Secret(CANARY).reveal()


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        (b"no key pk_live_canary here", (CANARY,), b"no key *** here"),
        (b"pk_live_canarypk_live_canary", (CANARY,), b"******"),
        (b"nothing", (CANARY,), b"nothing"),
        (b"nothing", (), b"nothing"),
        (b"nothing", ("",), b"nothing"),
        (b"abcdef", ("abc", "abcdef"), b"***"),
        (b"abcdef", ("abcdef", "abc"), b"***"),
        ("schlüssel".encode(), ("schlüssel",), b"***"),
        (b"caf\xe9", ("\ud800",), b"caf\xe9"),
        (b"a*b", ("*",), b"a***b"),
    ],
)
def test_masked(text: bytes, secrets: tuple[str, ...], expected: bytes) -> None:
    """
    Every exact key value in a text becomes `***`, the longest first.
    """
    assert expected == masked(text, tuple(map(Secret, secrets)))


@given(st.binary(max_size=50), st.lists(st.text("abcdef", min_size=3), min_size=1, max_size=4), st.binary(max_size=50))
def test_masked_leaves_no_key(before: bytes, keys: list[str], after: bytes) -> None:
    """
    No key is left in a masked text, wherever it stood.
    """
    text = masked(before + b"".join(key.encode() for key in keys) + after, tuple(map(Secret, keys)))

    assert not any(key.encode() in text for key in keys)
