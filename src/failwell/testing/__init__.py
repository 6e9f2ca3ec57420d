"""For the tests of programs that use an SDK, and of SDKs: replies without sockets, and apps behind the fault layer.

    with failwell.testing.replies(client, PaymentRequiredError("Out of credits", required=5)) as sent:
        ...

pytest finds the fixtures of `failwell.testing.plugin` by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports

if TYPE_CHECKING:
    from failwell.testing.asked import Asked
    from failwell.testing.errors import (
        BadReplyError,
        NoClientError,
        NoMessageError,
        RepliesError,
        UnansweredError,
        UnusedRepliesError,
    )
    from failwell.testing.events import Events
    from failwell.testing.fault_injection import faults
    from failwell.testing.mock_replies import Replies, replies
    from failwell.testing.player import Played, Player, play
    from failwell.testing.sessions import Messages

lazy_exports(
    __name__,
    {
        "asked": "Asked",
        "errors": "BadReplyError NoClientError NoMessageError RepliesError UnansweredError UnusedRepliesError",
        "events": "Events",
        "fault_injection": "faults",
        "mock_replies": "Replies replies",
        "player": "Played Player play",
        "sessions": "Messages",
    },
)

__all__ = [
    "Asked",
    "BadReplyError",
    "Events",
    "Messages",
    "NoClientError",
    "NoMessageError",
    "Played",
    "Player",
    "Replies",
    "RepliesError",
    "UnansweredError",
    "UnusedRepliesError",
    "faults",
    "play",
    "replies",
]
