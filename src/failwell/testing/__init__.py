"""For the tests of programs that use an SDK, and of SDKs: replies without sockets, and apps behind the fault layer.

    with failwell.testing.replies(client, PaymentRequiredError("Out of credits", required=5)) as sent:
        ...

pytest finds the fixtures of `failwell.testing.plugin` by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports

if TYPE_CHECKING:
    from failwell.testing.asked import Asked as Asked
    from failwell.testing.errors import (
        BadReplyError as BadReplyError,
        NoClientError as NoClientError,
        NoMessageError as NoMessageError,
        RepliesError as RepliesError,
        UnansweredError as UnansweredError,
        UnusedRepliesError as UnusedRepliesError,
    )
    from failwell.testing.events import Events as Events
    from failwell.testing.fault_injection import faults as faults
    from failwell.testing.mock_replies import Replies as Replies, replies as replies
    from failwell.testing.player import Played as Played, Player as Player, play as play
    from failwell.testing.sessions import Messages as Messages

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
