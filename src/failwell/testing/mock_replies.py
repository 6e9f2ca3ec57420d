"""Mock replies: a client is answered by a script; no socket is opened, and no wait takes time."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from failwell.client.core import Core
from failwell.clock import Clock, VirtualClock
from failwell.testing.answers import Answers, ScriptedAnswer
from failwell.testing.errors import BadReplyError, NoClientError, UnusedRepliesError
from failwell.testing.layers import Layer, bottom, put, take
from failwell.testing.script import NOTHING, ReplyScript, named
from failwell.testing.transport import AwaitingScripted, BlockingScripted

if TYPE_CHECKING:
    from failwell.testing.asked import Asked


def replies(
    client: Any, *answers: ScriptedAnswer, then: ScriptedAnswer = NOTHING, times: int = 1, clock: Clock | None = None
) -> Replies:
    """Answer what *client* asks for in a `with` block: with *answers* one by one, *times* over, and *then* after that.

    *client* is one that exists: of either colour, made with Failwell; or a resource of one. An answer is

    - an error of its contract, or the class of one: it is rendered as the server would, and the client raises what it
      parses; `NetworkError`, `TimeoutError`, "network" or "timeout" are no reply at all;
    - a dict, a list or a pydantic model, sent as JSON with 200; bytes; None, which is 204; a status; a `Reply`;
    - `Events(...)`, a stream; `Messages(...)`, a websocket session;
    - a function, which is given the request (`Asked`) and returns one of these.

    *clock* is what the client waits on meanwhile, by default its own if that is a `VirtualClock`, or else a new one.
    Nothing that happens in the block counts for the client's breaker, its retry budget or its pace outside.

        with replies(client, RateLimitError("Slow down", retry_after=30), {"data": []}) as sent:
            client.datasets.list()
        assert [30.0] == sent.waits

    Raises:
        NoClientError: *client* is not made with Failwell.
        BadReplyError: an answer is none, or *times* is no whole number from 1.
        UnansweredError: in the block, by the call that finds no reply left; or at its end, if that was swallowed.
        UnusedRepliesError: at the end of a block that did not raise, for replies that nothing asked for.
    """
    core = client if isinstance(client, Core) else getattr(client, "core", None)
    if not isinstance(core, Core):
        raise NoClientError(type(client).__name__)
    return Replies(core, answers * _checked(times), then, clock)


class Replies:
    """Scripted replies, and the requests that met them. Enter it once."""

    def __init__(self, core: Core, given: Sequence[ScriptedAnswer], then: ScriptedAnswer, clock: Clock | None) -> None:
        below = bottom(core)
        if clock is None:
            clock = core.clock if isinstance(core.clock, VirtualClock) else VirtualClock()
        self.clock: Clock = clock
        self._core = core
        self._waits: slice = slice(0, None)
        self._given = len(given)
        self._messages: list[Any] = []
        answers = Answers(core.catalogue, clock.wall, self._messages.append)
        for place, answer in enumerate(given, 1):
            answers.check(answer, named(place))
        if then is not NOTHING:
            answers.check(then, named(0))
        self._script = ReplyScript(answers, given, then)
        scripted = AwaitingScripted if core.awaiting else BlockingScripted
        self._layer = Layer(scripted(core, below.transport, self._script, clock), clock, VirtualClock())

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was sent so far, each attempt on its own."""
        return self._script.requests

    @property
    def messages(self) -> list[Any]:
        """What the client said in its sessions so far: values, where it was a JSON object or list, or text or bytes."""
        return list(self._messages)

    @property
    def waits(self) -> list[float]:
        """The waits that were asked for, in seconds: before retries, and between two looks at a job."""
        return self._all_waits()[self._waits]

    def __enter__(self) -> Self:
        self._waits = slice(len(self._all_waits()), None)
        put(self._core, self._layer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        take(self._core, self._layer)
        # What is waited for on the same clock later does not belong to the block.
        self._waits = slice(self._waits.start, len(self._all_waits()))
        left = self._script.end()
        if error is not None:
            return
        if self._script.unanswered is not None:
            raise self._script.unanswered
        if left:
            raise UnusedRepliesError(tuple(map(_shown, left)), self._given, self.requests)

    def _all_waits(self) -> list[float]:
        return self.clock.waits() if isinstance(self.clock, VirtualClock) else []


def _checked(times: object) -> int:
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise BadReplyError("times", repr(times), "a whole number from 1")
    return times


def _shown(answer: ScriptedAnswer) -> str:
    text = answer.__name__ if isinstance(answer, type) else repr(answer)
    return text if len(text) <= 60 else f"{text[:57]}..."
