"""Plays a flow with scripted replies, and a virtual clock that moves when the flow sleeps."""

# Without `from __future__ import annotations`, for the NamedTuple: it would compile types that are text.
from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from failwell.policy.flow import Effect, Flow, Notify, Now, Perform, Random, Send, Sleep
from failwell.wire.messages import Outcome

T = TypeVar("T")


class Played(NamedTuple, Generic[T]):
    """What a flow returned, and the waits it asked for, in seconds."""

    result: T
    waited: list[float]


class Player:
    """Plays the world for a flow: gives out *outcomes* one by one, keeps the clock, remembers what was asked."""

    def __init__(self, outcomes: Iterable[Outcome], *, chance: float = 0.5, takes: float = 0.0) -> None:
        self.outcomes: Iterator[Outcome] = iter(outcomes)
        self.chance = chance
        self.takes = takes
        self.moment = 0.0
        self.waited: list[float] = []
        self.sent: list[Send] = []
        self.emitted: list[Notify] = []

    def act(self, effect: Effect) -> object:
        """Do what *effect* asks for.

        Raises:
            AssertionError: the flow sends more often than there are outcomes.
        """
        match effect:
            case Send():
                self.sent.append(effect)
                self.moment += self.takes
                try:
                    return next(self.outcomes)
                except StopIteration:
                    raise AssertionError(f"No outcome is left for request {len(self.sent)}: {effect.request}") from None
            case Sleep(seconds):
                self.waited.append(seconds)
                self.moment += seconds
                return None
            case Now():
                return self.moment
            case Random():
                return self.chance
            case Notify():
                self.emitted.append(effect)
                return None
            case Perform():
                return effect.blocking()

    def run(self, flow: Flow[T]) -> T:
        """The result of *flow*; what it raises is raised."""
        try:
            effect = next(flow)
            while True:
                effect = flow.send(self.act(effect))
        except StopIteration as stop:
            result: T = stop.value
            return result


def play(flow: Flow[T], outcomes: Iterable[Outcome], *, chance: float = 0.5) -> Played[T]:
    """Run *flow* against *outcomes*: its result and the waits it asked for."""
    player = Player(outcomes, chance=chance)
    result = player.run(flow)
    return Played(result, player.waited)
