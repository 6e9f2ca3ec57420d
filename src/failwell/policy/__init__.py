"""What to do next: retry, give up, poll again. Decides, never acts: no clock, no random, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports

if TYPE_CHECKING:
    from failwell.policy.batch import BatchQueue, Remaining, met_by_all
    from failwell.policy.call import call_or_raise
    from failwell.policy.decoding_errors import JobFailedError, UnreadableReplyError
    from failwell.policy.flow import (
        Flow,
        Notify,
        Now,
        Random,
        Send,
        Sleep,
        StreamFlow,
        Yield,
        notify,
        now,
        random,
        send,
        sleep,
    )
    from failwell.policy.poll import poll_until
    from failwell.policy.resilience.breaker import Breaker
    from failwell.policy.resilience.budget import Budget
    from failwell.policy.resilience.guard import UNGUARDED, Guard
    from failwell.policy.resilience.pacing import Pacer
    from failwell.policy.retry.loop import with_retries
    from failwell.policy.retry.policy import RetryPolicy
    from failwell.policy.retry.result import RetryResult
    from failwell.policy.session.connection import SessionFlow
    from failwell.policy.session.flow import SessionHandler, SessionProtocol
    from failwell.policy.session.rules import SessionRules
    from failwell.policy.stream.rules import StreamRules
    from failwell.policy.upload import ChunkedUpload, Piece, Standing, UploadProgress, UploadSource

# A client needs some of it, a test the rest.
lazy_exports(
    __name__,
    {
        "batch": "BatchQueue Remaining met_by_all",
        "call": "call_or_raise",
        "decoding_errors": "JobFailedError UnreadableReplyError",
        "flow": "Flow Notify Now Random Send Sleep StreamFlow Yield notify now random send sleep",
        "poll": "poll_until",
        "resilience.breaker": "Breaker",
        "resilience.budget": "Budget",
        "resilience.guard": "Guard UNGUARDED",
        "resilience.pacing": "Pacer",
        "retry.loop": "with_retries",
        "retry.policy": "RetryPolicy",
        "retry.result": "RetryResult",
        "session.connection": "SessionFlow",
        "session.flow": "SessionHandler SessionProtocol",
        "session.rules": "SessionRules",
        "stream.rules": "StreamRules",
        "upload": "ChunkedUpload Piece Standing UploadProgress UploadSource",
    },
)

__all__ = [
    "UNGUARDED",
    "BatchQueue",
    "Breaker",
    "Budget",
    "ChunkedUpload",
    "Flow",
    "Guard",
    "JobFailedError",
    "Notify",
    "Now",
    "Pacer",
    "Piece",
    "Random",
    "Remaining",
    "RetryPolicy",
    "RetryResult",
    "Send",
    "SessionFlow",
    "SessionHandler",
    "SessionProtocol",
    "SessionRules",
    "Sleep",
    "Standing",
    "StreamFlow",
    "StreamRules",
    "UnreadableReplyError",
    "UploadProgress",
    "UploadSource",
    "Yield",
    "call_or_raise",
    "met_by_all",
    "notify",
    "now",
    "poll_until",
    "random",
    "send",
    "sleep",
    "with_retries",
]
