"""What to do next: retry, give up, poll again. Decides, never acts: no clock, no random, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errata.contract.late import load_late

if TYPE_CHECKING:
    from errata.policy.breaker import Breaker
    from errata.policy.budget import Budget
    from errata.policy.call import JobFailedError, UnreadableReplyError, call
    from errata.policy.flow import Emit, Flow, Now, Random, Send, Sleep, StreamFlow, emit, now, random, send, sleep
    from errata.policy.guard import UNGUARDED, Guard
    from errata.policy.pacing import Pacer
    from errata.policy.play import Played, Player, play
    from errata.policy.poll import poll
    from errata.policy.retry import RetryPolicy, with_retries
    from errata.policy.session import Dialogue, SessionFlow, Talk
    from errata.policy.session_rules import SessionRules
    from errata.policy.tried import Tried
    from errata.policy.upload import ChunkedUpload, Piece

# A client needs some of it, a test the rest.
load_late(
    __name__,
    {
        "breaker": ("Breaker",),
        "budget": ("Budget",),
        "call": ("JobFailedError", "UnreadableReplyError", "call"),
        "flow": (
            "Emit",
            "Flow",
            "Now",
            "Random",
            "Send",
            "Sleep",
            "StreamFlow",
            "emit",
            "now",
            "random",
            "send",
            "sleep",
        ),
        "guard": ("UNGUARDED", "Guard"),
        "pacing": ("Pacer",),
        "play": ("Played", "Player", "play"),
        "poll": ("poll",),
        "retry": ("RetryPolicy", "with_retries"),
        "session": ("Dialogue", "SessionFlow", "Talk"),
        "session_rules": ("SessionRules",),
        "tried": ("Tried",),
        "upload": ("ChunkedUpload", "Piece"),
    },
)

__all__ = [
    "UNGUARDED",
    "Breaker",
    "Budget",
    "ChunkedUpload",
    "Dialogue",
    "Emit",
    "Flow",
    "Guard",
    "JobFailedError",
    "Now",
    "Pacer",
    "Piece",
    "Played",
    "Player",
    "Random",
    "RetryPolicy",
    "Send",
    "SessionFlow",
    "SessionRules",
    "Sleep",
    "StreamFlow",
    "Talk",
    "Tried",
    "UnreadableReplyError",
    "call",
    "emit",
    "now",
    "play",
    "poll",
    "random",
    "send",
    "sleep",
    "with_retries",
]
