"""What to do next: retry, give up, poll again. Decides, never acts: no clock, no random, no I/O."""

from errata.policy.call import JobFailedError, UnreadableReplyError, call
from errata.policy.flow import Emit, Flow, Now, Random, Send, Sleep, emit, now, random, send, sleep
from errata.policy.play import Played, Player, play
from errata.policy.poll import poll
from errata.policy.retry import RetryPolicy, Tried, with_retries

__all__ = [
    "Emit",
    "Flow",
    "JobFailedError",
    "Now",
    "Played",
    "Player",
    "Random",
    "RetryPolicy",
    "Send",
    "Sleep",
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
