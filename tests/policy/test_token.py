from __future__ import annotations

import base64

import pytest
from hypothesis import given, strategies as st

from failwell.policy.resume_token import BadTokenError, ResumeToken, arguments_of, read_token

WAIT = ResumeToken("shop", "orders.wait_for_completion", {"run_id": "run_1", "timeout": 60.0})
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def refused(text: object) -> str:
    """Why *text* is no token."""
    with pytest.raises(BadTokenError) as caught:
        read_token(text)
    return str(caught.value)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=9), PLAIN, max_size=4),
    st.dictionaries(st.sampled_from(["at", "source"]), st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_there_and_back(arguments: dict[str, object], state: dict[str, object]) -> None:
    """
    What is written into a token is read out of it, unless a text is none that UTF-8 can say.
    """
    token = ResumeToken("shop", "x.y", arguments, state)
    if str(token).isascii() and "\\ud" not in repr(arguments):
        assert token == read_token(f"  {token}\n")


def test_one_line() -> None:
    """
    A token is one line of letters, digits and a few signs that need no quoting anywhere.
    """
    text = str(WAIT)

    assert text.startswith("failwell1.")
    assert {*text} <= {*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."}


def test_every_change_is_noticed() -> None:
    """
    A token that was cut anywhere, or has another letter anywhere, is refused; it is never read as another.
    """
    text = str(WAIT)
    for at in range(len(text)):
        refused(text[:at])
        refused(f"{text[:at]}{'a' if text[at] != 'a' else 'b'}{text[at + 1 :]}")


def test_texts_that_are_none() -> None:
    """
    The refusal says what is wrong.
    """
    assert "it is of type int, not text" == refused(7)
    assert "it has 5 characters and does not begin with failwell1." == refused("hello")
    assert "it is of version failwell2, and this release of Failwell reads failwell1" == refused("failwell2.abc.def")
    assert refused(f"failwell1.{'a' * 20}").endswith("do not fit its checksum: it was cut or changed")
    assert "it has 9010 characters and does not begin with failwell1." == refused(f"failwell1.{'a' * 9000}")


@pytest.mark.parametrize(
    "inside", [b"[]", b"{}", b'{"vendor": 1}', b"\xff", b'{"vendor":"p","operation":"o","arguments":[]}']
)
def test_tokens_with_other_things_inside(inside: bytes) -> None:
    """
    A whole token that holds something else is refused, too.
    """
    from failwell.policy.resume_token import _digest

    body = base64.urlsafe_b64encode(inside).rstrip(b"=").decode()

    assert refused(f"failwell1.{body}.{_digest(inside)}") in {
        "it does not say what to go on with",
        "it is not JSON inside",
    }


def test_arguments_that_a_token_cannot_hold() -> None:
    """
    Arguments that JSON has no plain word for make no token.
    """
    assert {"a": 1, "b": None} == arguments_of({"a": 1, "b": None})
    assert [None] * 4 == [arguments_of({"a": value}) for value in (object(), b"x", float("inf"), [1])]
    assert None is arguments_of({"file": "not\udcfftext"})


def test_longer_than_is_read() -> None:
    """
    No token is made that would be refused for its length.
    """
    fits, longer = (ResumeToken("p", "o", {"a": "x" * count}) for count in (6_000, 6_200))

    assert (fits, None) == (read_token(fits.text), longer.text)
