"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.conformance.adapter import Adapter, ClassAdapter, Colour, events_of
    from failwell.conformance.agreement.agreement import Agreement
    from failwell.conformance.bench import Bench, burst
    from failwell.conformance.calls import Call, Calls, Talk
    from failwell.conformance.errors import AdapterError, ShortfallError
    from failwell.conformance.observation import Observation, expect_equal
    from failwell.conformance.promise import Promise
    from failwell.conformance.promises import Promises
    from failwell.conformance.remote.adapter import RemoteAdapter
    from failwell.conformance.runner import check
    from failwell.conformance.universal import universal_promises
    from failwell.conformance.verdicts import Row, Verdict

require("sandbox", __name__)
lazy_exports(
    __name__,
    {
        "adapter": "Adapter ClassAdapter Colour events_of",
        "agreement.agreement": "Agreement",
        "bench": "Bench burst",
        "calls": "Call Calls Talk",
        "errors": "AdapterError ShortfallError",
        "observation": "Observation expect_equal",
        "promise": "Promise",
        "promises": "Promises",
        "remote.adapter": "RemoteAdapter",
        "runner": "check",
        "universal": "universal_promises",
        "verdicts": "Row Verdict",
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
    "Observation",
    "Promise",
    "Promises",
    "RemoteAdapter",
    "Row",
    "ShortfallError",
    "Talk",
    "Verdict",
    "burst",
    "check",
    "events_of",
    "expect_equal",
    "universal_promises",
]
