"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from failwell.conformance.agreement import Agreement
from failwell.conformance.bench import Bench
from failwell.conformance.beside import beside
from failwell.conformance.faults.calls import Call, Calls
from failwell.conformance.problems import AdapterError
from failwell.conformance.promises import Adapter, ClassAdapter, Colour, Promise, Promises, events_of
from failwell.conformance.remote import RemoteAdapter
from failwell.conformance.run import check
from failwell.conformance.seen import Seen, ShortfallError, same
from failwell.conformance.verdicts import Row, Verdict

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
    "same",
]
