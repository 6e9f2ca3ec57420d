"""For the tests of programs that use an SDK, and of SDKs: replies without sockets, and apps behind the fault layer.

    with failwell.testing.replies(client, PaymentRequiredError("Out of credits", required=5)) as sent:
        ...

pytest finds the fixtures of `failwell.testing.plugin` by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.testing.asked import Asked
    from failwell.testing.events import Events
    from failwell.testing.faults import faults
    from failwell.testing.problems import (
        BadReplyError,
        NoClientError,
        RepliesError,
        UnansweredError,
        UnusedRepliesError,
    )
    from failwell.testing.replies import Replies, replies

load_late(
    __name__,
    {
        "asked": ("Asked",),
        "events": ("Events",),
        "faults": ("faults",),
        "problems": ("BadReplyError", "NoClientError", "RepliesError", "UnansweredError", "UnusedRepliesError"),
        "replies": ("Replies", "replies"),
    },
)

__all__ = [
    "Asked",
    "BadReplyError",
    "Events",
    "NoClientError",
    "Replies",
    "RepliesError",
    "UnansweredError",
    "UnusedRepliesError",
    "faults",
    "replies",
]
