"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell.contract.extras import require
from failwell.contract.late import load_late

if TYPE_CHECKING:
    from failwell.conformance.agreement import Agreement
    from failwell.conformance.bench import Bench
    from failwell.conformance.beside import beside
    from failwell.conformance.faults.calls import Call, Calls
    from failwell.conformance.problems import AdapterError
    from failwell.conformance.promises import Adapter, ClassAdapter, Colour, Promise, Promises, events_of, repeated
    from failwell.conformance.remote import RemoteAdapter
    from failwell.conformance.run import check
    from failwell.conformance.seen import Seen, ShortfallError, same
    from failwell.conformance.verdicts import Row, Verdict

require("sandbox", __name__)
load_late(
    __name__,
    {
        "agreement": ("Agreement",),
        "bench": ("Bench",),
        "beside": ("beside",),
        "faults.calls": (
            "Call",
            "Calls",
        ),
        "problems": ("AdapterError",),
        "promises": ("Adapter", "ClassAdapter", "Colour", "Promise", "Promises", "events_of", "repeated"),
        "remote": ("RemoteAdapter",),
        "run": ("check",),
        "seen": ("Seen", "ShortfallError", "same"),
        "verdicts": ("Row", "Verdict"),
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
