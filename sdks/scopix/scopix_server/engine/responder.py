"""The responder of the chat: it answers from texts that are given to it, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from failwell.server import BrokenPartError, Limited, TooSlowError
from scopix_server.engine.ranking import keywords, ranked, sentences
from scopix_server.settings import Settings

MOST_QUOTES = 3
LONGEST_QUOTE = 500

_WORDS = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Source:
    """A text to answer from: the description of an image, or a passage of a document, and where it is from."""

    name: str
    text: str


class ResponderDownError(Exception):
    """The responder cannot answer now; the text says why."""


class ResponderSlowError(Exception):
    """The responder does not answer in time; the text says so."""


class Responder(Protocol):
    """Answers questions, in a process that may be killed at any moment."""

    def answer(self, question: str, sources: Sequence[Source], said: str) -> Iterator[str]:
        """The pieces of the answer that come after *said*, which it was heard to say before it was interrupted.

        Raises:
            ResponderDownError, ResponderSlowError: it cannot go on.
        """
        ...


_LIMITED = Limited("responder", ResponderDownError, ResponderSlowError)


def answer_within(
    responder: Responder, question: str, sources: Sequence[Source], said: str, seconds: float
) -> Iterator[str]:
    """The pieces that *responder* says after *said*, all of them within *seconds*.

    Raises: ResponderDownError, ResponderSlowError.
    """
    try:
        yield from _LIMITED.pieces(str, lambda: responder.answer(question, sources, said), seconds)
    except TooSlowError as problem:
        raise ResponderSlowError(str(problem)) from None
    except BrokenPartError as problem:
        raise ResponderDownError(str(problem)) from problem.__cause__


class Embedded:
    """The responder that comes with the server: it quotes the sentences that fit best, and says where they are from.

    It is no language model, and says what it did not find. The same question about the same sources has the same
    answer. A question with "responder-down" in it meets that failure.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing in *settings* concerns it."""

    def answer(self, question: str, sources: Sequence[Source], said: str) -> Iterator[str]:
        """Quote. Raises: ResponderDownError."""
        if "responder-down" in question:
            raise ResponderDownError("The responder is down. Ask again in a few minutes.")
        whole = _answer(question, sources)
        yield from _WORDS.findall(whole[len(said) :])


def _answer(question: str, sources: Sequence[Source]) -> str:
    parts = [(source.name, sentence) for source in sources for sentence in sentences(source.text)]
    found = ranked(question, [sentence for _, sentence in parts])
    if not found:
        wanted = " ".join(keywords(question))[:LONGEST_QUOTE]
        names = len(dict.fromkeys(source.name for source in sources))
        return f'Nothing was found about "{wanted}" in {names} {"text" if names == 1 else "texts"}.'
    # What fits half as well as the best has one of its words by chance.
    quotes = [parts[one.index] for one in found[:MOST_QUOTES] if one.score > found[0].score / 2]
    return "\n".join(f'"{sentence[:LONGEST_QUOTE]}" ({name})' for name, sentence in quotes)
