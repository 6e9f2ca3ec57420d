"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from errata.conformance.agreement import Agreement
from errata.conformance.bench import Bench
from errata.conformance.beside import beside
from errata.conformance.faults.calls import Call, Calls
from errata.conformance.problems import AdapterError
from errata.conformance.promises import Adapter, ClassAdapter, Colour, Promise, Promises, events_of
from errata.conformance.remote import RemoteAdapter
from errata.conformance.run import check
from errata.conformance.seen import Seen, ShortfallError, same
from errata.conformance.verdicts import Row, Verdict

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
