from __future__ import annotations

import json
import pickle

import pytest

import failwell
from failwell._support import truncation
from failwell.wire.contracts import catalogue_of
from failwell.wire.messages import Reply
from failwell.wire.parse import parse_reply, snapshot
from failwell.wire.render import render_error


class GoneError(failwell.Error, status=409, code="gone"):
    """Nothing is left.

    Really nothing.
    """

    sku: str = ""


class AnywayError(failwell.Error, status=409):
    """It is gone, anyway."""


SHOP = catalogue_of(GoneError)


def test_law() -> None:
    """
    A class without a field for a message travels like any other; it says what it is for, as its docstring begins.
    """
    error = GoneError(sku="u")
    back = parse_reply(render_error(error, SHOP), SHOP)

    assert snapshot(error) == snapshot(back)
    assert ("Nothing is left.", "Nothing is left.", ()) == (str(error), str(back), back.args)


@pytest.mark.parametrize("words", ["The last one is sold.", "…" * 3000, "a\nb"])
def test_words_of_the_server(words: str) -> None:
    """
    What a server says is what the error says, whole but for its length, and so it is pickled and sent on.
    """
    error = parse_reply(Reply(409, {}, json.dumps({"code": "gone", "message": words})), SHOP)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (truncation.text(words),) * 2 == (str(error), str(again))
    assert snapshot(error) == snapshot(parse_reply(render_error(error, SHOP), SHOP))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"message": ""}', b'{"message": "  "}'])
def test_without_words(body: bytes) -> None:
    """
    Where the body says nothing, a class says what it is for, and their common base says the status.
    """
    claimed = parse_reply(Reply(409, {}, b'{"code": "gone"}' if body == b"" else body), catalogue_of(AnywayError))
    other = parse_reply(Reply(418, {}, body), SHOP)

    assert "It is gone, anyway." == str(claimed)
    assert "418 I'm a Teapot, without a readable message" == str(other)
