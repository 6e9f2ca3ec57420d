"""What an engine is: it is asked for one thought after the other, and then for the answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

from pydantic import BaseModel, JsonValue

from subconscious_server.settings import Settings
from subconscious_server.wire import NewRun, ReasoningTask


class EngineDownError(Exception):
    """The engine cannot work now; the text says why."""


class EngineSlowError(Exception):
    """The engine does not answer in time."""


class NoAnswerError(Exception):
    """The engine cannot do what is asked; the text says what to ask instead."""


class Fact(BaseModel):
    """Something that was found out, for an `answerFormat` to be filled with."""

    name: str
    value: JsonValue


class Thought(BaseModel):
    """A step of the reasoning, what the answer *says* because of it, and the *facts* that were found."""

    task: ReasoningTask
    says: str = ""
    facts: list[Fact] = []


class EngineAnswer(BaseModel):
    """The end of the answer: what it *says* after what the thoughts said, and the value of an `answerFormat`."""

    says: str = ""
    parsed: JsonValue = None


@dataclass(frozen=True)
class Task:
    """What is to be done: *asked* as it came, on *today*; *is_over* says whether nobody waits for it any more."""

    asked: NewRun
    today: date
    is_over: Callable[[], bool] = lambda: False


class Engine(Protocol):
    """Works on runs, in a process of its own that may be killed at any moment."""

    @property
    def names(self) -> Sequence[str]:
        """The names that a run may ask for it with."""
        ...

    def admit(self, name: str) -> None:
        """Let a run begin.

        Raises:
            EngineDownError, EngineSlowError: not now.
        """
        ...

    def think(self, task: Task, thoughts: Sequence[Thought]) -> Thought | EngineAnswer:
        """What comes after *thoughts*: another one, or the answer. It is asked again if it was interrupted.

        Raises:
            EngineDownError: it cannot go on.
            NoAnswerError: there is no way to answer.
        """
        ...


def engine_of(settings: Settings) -> Engine:
    """The engine that *settings* name."""
    module, _, name = settings.engine.partition(":")
    return cast("Engine", getattr(importlib.import_module(module), name)(settings))
