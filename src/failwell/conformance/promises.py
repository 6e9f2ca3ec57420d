"""The promises of a vendor's page, registered with `@PROMISES(...)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from failwell.conformance.adapter import Adapter, ClassAdapter, Clients
from failwell.conformance.promise import Promise

if TYPE_CHECKING:
    from failwell.conformance.agreement.agreement import Agreement
    from failwell.conformance.bench import Bench
    from failwell.conformance.calls import Calls


class Promises:
    """All promises of one page, in its order, of the SDK of *adapter*, or of its two clients: `(Client, AsyncClient)`.

    *agreement* has those that an SDK made with Failwell keeps beside the page: one for each case of its contract.
    *calls* are the two that meet every fault.
    """

    def __init__(
        self, adapter: Adapter | Clients, agreement: Agreement | None = None, calls: Calls | None = None
    ) -> None:
        self.adapter = ClassAdapter.of(*adapter) if isinstance(adapter, tuple) else adapter
        self.agreement = agreement
        self.calls = calls
        self._promises: list[Promise] = []

    def __call__(
        self, section: str, sentence: str, *lines: int | tuple[int, ...]
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Decorate a check with the *sentence* it holds, its *section*, and the *lines* of the page it stands on."""
        places = tuple((line, line) if isinstance(line, int) else line for line in lines)

        def keep(check: Callable[[Bench], None]) -> Callable[[Bench], None]:
            self._promises.append(Promise(section, sentence, check, places))
            return check

        return keep

    def include(self, page: Promises) -> None:
        """Try the promises of another *page* as well: a vendor may have several."""
        self._promises += page

    def through(self, adapter: Adapter) -> Promises:
        """The promises of the page, of the SDK of another *adapter*, which may know nothing of cases."""
        others = Promises(adapter, calls=self.calls)
        others._promises = list(self._promises)
        return others

    def __iter__(self) -> Iterator[Promise]:
        return iter(self._promises)

    def __len__(self) -> int:
        return len(self._promises)
