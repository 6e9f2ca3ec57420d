"""For the tests of programs that use an SDK, and of SDKs: replies without sockets, and apps behind the fault layer.

    with errata.testing.replies(client, PaymentRequiredError("Out of credits", required=5)) as sent:
        ...

pytest finds the fixtures of `errata.testing.plugin` by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errata.contract.late import load_late

if TYPE_CHECKING:
    from errata.testing.asked import Asked
    from errata.testing.events import Events
    from errata.testing.faults import faults
    from errata.testing.problems import (
        BadReplyError,
        NoClientError,
        RepliesError,
        UnansweredError,
        UnusedRepliesError,
    )
    from errata.testing.replies import Replies, replies

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
