"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell._support.lazy import lazy_exports
from failwell.contract.extras import require

if TYPE_CHECKING:
    from failwell.conformance.adapter import (
        Adapter as Adapter,
        ClassAdapter as ClassAdapter,
        Colour as Colour,
        events_of as events_of,
    )
    from failwell.conformance.agreement.agreement import Agreement as Agreement
    from failwell.conformance.bench import Bench as Bench, burst as burst
    from failwell.conformance.calls import Call as Call, Calls as Calls, Talk as Talk
    from failwell.conformance.errors import AdapterError as AdapterError, ShortfallError as ShortfallError
    from failwell.conformance.observation import Observation as Observation, expect_equal as expect_equal
    from failwell.conformance.promise import Promise as Promise
    from failwell.conformance.promises import Promises as Promises
    from failwell.conformance.remote.adapter import RemoteAdapter as RemoteAdapter
    from failwell.conformance.runner import check as check
    from failwell.conformance.universal import universal_promises as universal_promises
    from failwell.conformance.verdicts import Row as Row, Verdict as Verdict

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
