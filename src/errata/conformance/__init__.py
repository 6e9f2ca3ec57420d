"""Does an SDK keep its page? Every sentence is driven through the SDK against the sandbox, over real sockets."""

from errata.conformance.agreement import Agreement
from errata.conformance.bench import Bench
from errata.conformance.problems import AdapterError
from errata.conformance.promises import Adapter, Colour, Promise, Promises
from errata.conformance.remote import RemoteAdapter
from errata.conformance.run import check
from errata.conformance.seen import Seen, ShortfallError
from errata.conformance.verdicts import Row, Verdict

__all__ = [
    "Adapter",
    "AdapterError",
    "Agreement",
    "Bench",
    "Colour",
    "Promise",
    "Promises",
    "RemoteAdapter",
    "Row",
    "Seen",
    "ShortfallError",
    "Verdict",
    "check",
]
