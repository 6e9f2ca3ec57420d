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
    from failwell.testing.errors import BadReplyError, NoClientError, RepliesError, UnansweredError, UnusedRepliesError
    from failwell.testing.events import Events
    from failwell.testing.faults import faults
    from failwell.testing.play import Played, Player, play
    from failwell.testing.replies import Replies, replies

lazy_exports(
    __name__,
    {
        "asked": ("Asked",),
        "errors": (
            "BadReplyError",
            "NoClientError",
            "RepliesError",
            "UnansweredError",
            "UnusedRepliesError",
        ),
        "events": ("Events",),
        "faults": ("faults",),
        "play": ("Played", "Player", "play"),
        "replies": (
            "Replies",
            "replies",
        ),
    },
)

__all__ = [
    "Asked",
    "BadReplyError",
    "Events",
    "NoClientError",
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
