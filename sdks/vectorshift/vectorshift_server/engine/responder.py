"""Model providers: what they are asked, how they fail, and the one that comes with the server."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from failwell.server import BrokenPartError, Limited, TooSlowError
from vectorshift_server.settings import Settings

LONGEST_QUOTE = 500
MOST_QUOTES = 3

_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Source:
    """A passage to answer from, and the document that it is of."""

    name: str
    text: str


@dataclass(frozen=True)
class Question:
    """What is asked, by *instructions* of the agent, from *sources*, the best first.

    *before* is what was asked before in the session; *said* is the part of the answer that was heard already.
    """

    text: str
    instructions: str = ""
    sources: Sequence[Source] = ()
    before: Sequence[str] = ()
    said: str = ""


class ResponderDownError(Exception):
    """The provider cannot answer now; the text says why."""


class ResponderSlowError(Exception):
    """The provider does not answer in time; the text says after how long."""


class Responder(Protocol):
    """Answers questions, in a process that may be killed at any moment."""

    def answer(self, question: Question) -> Iterator[str]:
        """The pieces of the answer that come after what was said.

        Raises:
            ResponderDownError, ResponderSlowError: it cannot go on.
        """
        ...


_LIMITED = Limited("model provider", ResponderDownError, ResponderSlowError)


def answer_within(responder: Responder, question: Question, seconds: float) -> Iterator[str]:
    """The pieces that *responder* says, all of them within *seconds*.

    Raises: ResponderDownError, ResponderSlowError. What else it raises is its being down.
    """
    try:
        yield from _LIMITED.pieces(str, lambda: responder.answer(question), seconds)
    except TooSlowError as problem:
        raise ResponderSlowError(str(problem)) from None
    except BrokenPartError as problem:
        raise ResponderDownError(str(problem)) from problem.__cause__


def responder_of(settings: Settings) -> Responder:
    """The provider that *settings* name."""
    module, _, name = settings.responder.partition(":")
    return cast("Responder", getattr(importlib.import_module(module), name)(settings))


class Embedded:
    """The provider that comes with the server: it quotes the passages that fit, and says where they are from.

    It is no language model, and says what it does not know. The same question has the same answer. A question with
    "responder-down" in it meets that failure, one with "responder-slow" is answered word by word, and never to its end.
    """

    def __init__(self, settings: Settings) -> None:
        """Nothing in *settings* concerns it."""

    def answer(self, question: Question) -> Iterator[str]:
        """Quote. Raises: ResponderDownError."""
        if "responder-down" in question.text:
            raise ResponderDownError("The model provider is down. Ask again in a few minutes.")
        while "responder-slow" in question.text:
            yield "... "
            time.sleep(0.1)
        yield from _WORDS.findall(_answer(question)[len(question.said) :])


def _answer(question: Question) -> str:
    if question.sources:
        found = question.sources[:MOST_QUOTES]
        return "\n".join(f'"{source.text[:LONGEST_QUOTE]}" ({source.name})' for source in found)
    asked = " ".join(question.text.split())[:LONGEST_QUOTE]
    number = f" (question {len(question.before) + 1} of this session)" if question.before else ""
    return f'I have nothing to answer "{asked}" from{number}.'
