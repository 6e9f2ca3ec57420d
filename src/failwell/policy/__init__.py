"""What to do next: retry, give up, poll again. Decides, never acts: no clock, no random, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.policy.breaker import Breaker
    from failwell.policy.budget import Budget
    from failwell.policy.call import JobFailedError, UnreadableReplyError, call
    from failwell.policy.flow import Emit, Flow, Now, Random, Send, Sleep, StreamFlow, emit, now, random, send, sleep
    from failwell.policy.guard import UNGUARDED, Guard
    from failwell.policy.pacing import Pacer
    from failwell.policy.play import Played, Player, play
    from failwell.policy.poll import poll
    from failwell.policy.retry import RetryPolicy, with_retries
    from failwell.policy.session import Dialogue, SessionFlow, Talk
    from failwell.policy.session_rules import SessionRules
    from failwell.policy.tried import Tried
    from failwell.policy.upload import ChunkedUpload, Piece

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
