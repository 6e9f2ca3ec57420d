"""A catalogue with one case deleted, as if it had never been declared."""

from __future__ import annotations

import inspect

from failwell.contract.case import Case
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.error import Error


class Without(Catalogue):
    """*whole* without the *case* of *error*; without its catch-all, if that is the case.

    Raises:
        CatalogueError: no catalogue can be built without it.
    """

    def __init__(self, whole: Catalogue, error: type[Error], case: Case) -> None:
        self._error = error
        self._case = case
        # Whatever a catalogue is built from, it keeps under the same name.
        super().__init__(**{name: getattr(whole, name) for name in inspect.signature(Catalogue).parameters})

    def claims(self, error: type[Error]) -> tuple[Case, ...]:
        """What a reply must say to become *error*, the missing case aside."""
        listed = super().claims(error)
        return tuple(case for case in listed if case != self._case) if error is self._error else listed

    @property
    def catch_all(self) -> Case:
        """What a reply is that no case claims; it says nothing where that is what is missing."""
        found = super().catch_all
        return Case() if (self._error, self._case) == (self.default, found) else found
