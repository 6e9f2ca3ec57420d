"""Which request ids are taken over."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from failwell.server.http.request_id import request_id_of

NAME = b"x-request-id"


@pytest.mark.parametrize("given", [b"a", b"3f2b-11", b"x" * 128, b"req_1.2~3"])
def test_well_formed_id_is_taken_over(given: bytes) -> None:
    """
    S10. An inbound id that is a token of up to 128 characters is taken over.
    """
    assert given.decode() == request_id_of([(NAME, given)], NAME)


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\nb", b'a"b', b"a,b", b"\xc3\xa9", b"a\x7f", b"a\n"])
def test_malformed_id_is_replaced(given: bytes) -> None:
    """
    S10. An inbound id that is empty, too long or no token is replaced by a new one.
    """
    made = request_id_of([(NAME, given)], NAME)

    assert (32, True) == (len(made), made != request_id_of([(NAME, given)], NAME))


def test_two_ids_are_none() -> None:
    """
    S10. Two inbound ids contradict each other: a new one is made.
    """
    assert "a" != request_id_of([(NAME, b"a"), (NAME, b"b")], NAME)


@given(st.binary(max_size=200))
def test_every_id_is_fit_for_a_header_and_a_log_line(given: bytes) -> None:
    """
    S10. Whatever comes in, the id is 1 to 128 printable ASCII characters without a space.
    """
    made = request_id_of([(NAME, given)], NAME)

    assert made.isascii()
    assert made.isprintable()
    assert (True, False) == (1 <= len(made) <= 128, " " in made)
