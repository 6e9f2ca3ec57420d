"""Answers from texts."""

from __future__ import annotations

import pytest

from scopix_server.engine.ranking import ranked, snippet
from scopix_server.engine.responder import Embedded, ResponderDownError, Source
from scopix_server.settings import Settings

SOURCES = [
    Source("cat.png", "A picture of 640 x 480 pixels. It is mostly red."),
    Source("dog.png", "A picture of 32 x 24 pixels. It is mostly blue."),
    Source("house.txt", "The house was built in 1931. Its roofs are made of slate."),
]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the roof made of?", '"Its roofs are made of slate." (house.txt)'),
        ("Which picture is blue?", '"It is mostly blue." (dog.png)'),
        ("Who is Ada?", 'Nothing was found about "ada" in 3 texts.'),
        ("Who?", 'Nothing was found about "who" in 3 texts.'),
        ("???", 'Nothing was found about "" in 3 texts.'),
    ],
)
def test_answer(question: str, expected: str) -> None:
    """
    The sentences that fit best are quoted, with where they are from; what was not found is said.
    """
    pieces = list(Embedded(Settings()).answer(question, SOURCES, ""))

    assert expected == "".join(pieces)
    # Interrupted after any piece, it goes on with the next.
    for number in range(len(pieces)):
        assert pieces[number:] == list(Embedded(Settings()).answer(question, SOURCES, "".join(pieces[:number])))


def test_down() -> None:
    """
    A responder that is down says so.
    """
    with pytest.raises(ResponderDownError):
        list(Embedded(Settings()).answer("Please responder-down", SOURCES, ""))


def test_rare_words_count_more() -> None:
    """
    What shares a rare word with the question stands before what shares a frequent one, and nothing else is there.
    """
    texts = ["red house", "red car", "red slate", "blue"]

    assert [2, 0, 1] == [one.index for one in ranked("Red slates", texts)]
    assert "Slate." == snippet("slate", "Wood. Slate. Tin.")
    assert "Wood. Tin." == snippet("slate", "Wood.\nTin.")
    assert 300 == len(snippet("x", "y" * 1000))
