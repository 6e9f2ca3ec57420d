from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from subconscious import Image, RequestTooLargeError, SubconsciousError
from subconscious.exceptions import MOST_BYTES

from .talk import ACCEPTED, Talk

Talking = Callable[..., Talk]
PNG = b"\x89PNG\r\n\x1a\n"


def measured(talk: Talking, given: dict[str, Any]) -> int:
    """The bytes of the body of a run with the input *given*."""
    talking = talk(ACCEPTED)
    talking.ask(lambda client: client.run("tim", given))
    return len(talking.sent.requests[0].content)


def fill(talk: Talking, given: dict[str, Any], text: str = "x") -> dict[str, Any]:
    """*given* with instructions that fill a body to the last byte, of *text* and, for the rest, of "x"."""
    left = MOST_BYTES - measured(talk, {**given, "instructions": "x"}) + 1
    times, rest = divmod(left, len(text.encode()))
    return {**given, "instructions": text * times + "x" * rest}


def picture() -> dict[str, Any]:
    """An image of 3 MB, which are 4 MB in base64."""
    return Image.from_bytes(PNG + bytes(3_000_000))


INPUTS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "ASCII": (dict, "x"),
    "umlauts": (dict, "ü"),
    "Chinese": (dict, "深"),
    "emoji": (dict, "🦊"),
    "quotes": (lambda: {"resources": ['"\\\n'] * 1000}, "x"),
    "an image": (lambda: {"content": [picture()]}, "é"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_the_exact_byte(talk: Talking, name: str) -> None:
    """
    A body of 5,242,880 bytes is sent; one of a byte more is not, and the error says so.
    """
    assert 5_242_880 == MOST_BYTES
    make, text = INPUTS[name]
    given = fill(talk, make(), text)
    assert MOST_BYTES == measured(talk, given)

    talking = talk()
    more = {**given, "instructions": given["instructions"] + "x"}
    with pytest.raises(RequestTooLargeError) as caught:
        talking.ask(lambda client: client.run("tim", more))
    assert (MOST_BYTES + 1, MOST_BYTES, []) == (caught.value.size, caught.value.limit, talking.asked)


def test_the_error() -> None:
    """
    It is a ValueError and no SubconsciousError, has the numbers and the remedy, and is the same after pickling.
    """
    error = RequestTooLargeError(6_000_000)

    assert isinstance(error, ValueError)
    assert not isinstance(error, SubconsciousError)
    assert (
        "The body of the run has 6,000,000 bytes, 757,120 more than the API takes (5,242,880). Nothing was sent. "
        "Split the input over several runs, or send smaller images."
    ) == str(error)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(error), 6_000_000, MOST_BYTES) == (str(again), again.size, again.limit)
