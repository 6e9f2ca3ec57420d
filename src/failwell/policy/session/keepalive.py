"""Keepalive: when a silent connection is pinged, and when it is given up."""

from __future__ import annotations

from typing import Literal

from failwell.policy.session.rules import SessionRules
from failwell.wire.messages import Failure

Due = Literal["end", "pong", "ping"]


class Keepalive:
    """When a server was last heard of, and when it was pinged. Any word of it is life enough."""

    def __init__(self, rules: SessionRules) -> None:
        self.rules = rules
        self._last_word = 0.0
        self._pinged: float | None = None

    def heard(self, moment: float) -> None:
        """Something came at *moment*."""
        self._last_word, self._pinged = moment, None

    def pinged(self, moment: float) -> None:
        """A ping is sent at *moment*."""
        self._last_word = self._pinged = moment

    def not_pinged(self) -> None:
        """The ping waits behind a message that is on its way: there is life enough."""
        self._pinged = None

    def next_due(self, moment: float, end: float | None) -> tuple[float | None, Due | None]:
        """Seconds from *moment* to wait for more, and what is due then; *end* is when nobody waits any more."""
        every = self.rules.ping_every
        dues: list[tuple[float, Due]] = [] if end is None else [(end, "end")]
        if self._pinged is not None:
            dues.append((self._pinged + self.rules.pong_within, "pong"))
        elif every is not None:
            dues.append((self._last_word + every, "ping"))
        if not dues:
            return None, None
        due, what = min(dues)
        return max(due - moment, 0.0), what

    @property
    def silence(self) -> Failure:
        """What happened where no pong came."""
        within, idle = self.rules.pong_within, self.rules.ping_every
        return Failure(
            "timeout", f"no pong came within {within:g} s of a ping, which was sent after {idle:g} s of silence"
        )
