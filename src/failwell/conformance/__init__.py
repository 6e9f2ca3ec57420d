"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import load_late
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.conformance.adapter import Adapter, ClassAdapter, Colour, events_of
    from failwell.conformance.agreement.agreement import Agreement
    from failwell.conformance.bench import Bench
    from failwell.conformance.calls import Call, Calls
    from failwell.conformance.errors import AdapterError, ShortfallError
    from failwell.conformance.observation import Seen, same
    from failwell.conformance.promise import Promise
    from failwell.conformance.promises import Promises, repeated
    from failwell.conformance.remote.adapter import RemoteAdapter
    from failwell.conformance.runner import check
    from failwell.conformance.universal import beside
    from failwell.conformance.verdicts import Row, Verdict

require("sandbox", __name__)
load_late(
    __name__,
    {
        "adapter": (
            "Adapter",
            "ClassAdapter",
            "Colour",
            "events_of",
        ),
        "agreement.agreement": ("Agreement",),
        "bench": ("Bench",),
        "calls": (
            "Call",
            "Calls",
        ),
        "errors": (
            "AdapterError",
            "ShortfallError",
        ),
        "observation": (
            "Seen",
            "same",
        ),
        "promise": ("Promise",),
        "promises": (
            "Promises",
            "repeated",
        ),
        "remote.adapter": ("RemoteAdapter",),
        "runner": ("check",),
        "universal": ("beside",),
        "verdicts": (
            "Row",
            "Verdict",
        ),
    },
)

__all__ = [
    "Adapter",
    "AdapterError",
    "Agreement",
    "Bench",
    "Call",
    "Calls",
    "ClassAdapter",
    "Colour",
    "Promise",
    "Promises",
    "RemoteAdapter",
    "Row",
    "Seen",
    "ShortfallError",
    "Verdict",
    "beside",
    "check",
    "events_of",
    "repeated",
    "same",
]
