"""The table that maps what a reply says, its status and code, to an error class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from failwell.contract.case import TRAVELLING, Case, Source
from failwell.contract.error import Error
from failwell.contract.errors import CatalogueError

if TYPE_CHECKING:
    Key = tuple[str | None, int | str | None, str | None]


class CaseTable:
    """Which class and case a reply is, or an occasion that no reply tells of.

    *base* is above all classes, *errors* are those that claim cases, *default* is what a reply becomes that no case
    claims. Where *status_decides*, the code of a reply does not.
    """

    def __init__(
        self,
        name: str,
        *,
        base: type[Error],
        default: type[Error],
        errors: tuple[type[Error], ...],
        status_decides: bool,
    ) -> None:
        self.name = name
        self.base = base
        self.default = default
        self.errors = errors
        self.status_decides = status_decides
        self._table: dict[Source, dict[Key, tuple[type[Error], Case]]] = {}
        self._refined: dict[int, bool] = {}
        self._resolved: dict[Key, tuple[type[Error], Case]] = {}
        self._codes = {case.code for _, case in self.cases()}

    def claim(self, error: type[Error], case: Case) -> None:
        """Let *error* be what *case* says.

        Raises:
            CatalogueError: another one is that already.
        """
        source = case.source(error.source)
        says_nothing = not any((case.status, case.code, case.operation, case.on))
        if says_nothing and source not in ("job", "stream") and error not in (self.default, self.base):
            return  # the class only has a fix or a retry rule; what nobody claims is the default's
        table = self._table.setdefault(source, {})
        key = self._key(case, source)
        taken = table.get(key)
        if taken is not None:
            what = "cases" if taken[0] is error else "classes"
            raise CatalogueError(
                f"Two {what} of {self.name!r} claim {case}: {taken[0].__name__} ({taken[0].declared_at}) and "
                f"{error.__name__} ({error.declared_at}). Give one of them a code, a status or an operation of its own."
            )
        table[key] = (error, case)

    def claimed_cases(self) -> Iterator[tuple[Source, Key, type[Error], Case]]:
        """Every claim of a class that is not for whatever nobody else claims, and where the table has it."""
        for source, table in self._table.items():
            for key, (error, case) in table.items():
                if any(key) or source in ("job", "stream"):
                    yield source, key, error, case

    def _key(self, case: Case, source: Source) -> Key:
        """Where the table has *case*."""
        if source not in TRAVELLING:
            return None, None, case.on
        by_status = self.status_decides and source == "http" and case.status is not None
        return case.operation, case.status, None if by_status else case.code

    def resolve(
        self, status: int | None, code: str | None = None, *, operation: str | None = None, source: Source = "http"
    ) -> tuple[type[Error], Case]:
        """The class and case of a reply of *status* that says *code* to *operation*.

        Precedence: a claim with a code before one without; then an exact status before 4XX or 5XX; then one for this
        operation before one for any; then one for anything else on this operation; then the default class.
        Without a status (a failed job, an event in a stream) the code alone decides.
        """
        if status is None:
            return self._resolve_code(code, operation, source)
        if code not in self._codes or self.status_decides:
            code = None  # nobody claims it; and what is remembered is not for servers to fill
        asked: Key = (operation, status, code)
        found = self._resolved.get(asked)
        if found is None:
            found = self._resolved[asked] = self._resolve_reply(status, code, operation)
        return found

    def claimed(self, code: str | None) -> bool:
        """Whether a case says *code*; that of no other changes what a reply is."""
        return code in self._codes

    def _resolve_reply(self, status: int, code: str | None, operation: str | None) -> tuple[type[Error], Case]:
        table = self._table.get("http", {})
        places = [*scopes(operation)]
        keys: list[Key] = []
        for said in (code, None) if code is not None else (None,):
            keys += [(scope, status, said) for scope in (*places, None)]
            keys += [(scope, f"{status // 100}XX", said) for scope in (*places, None)]
        keys += [(scope, None, None) for scope in places]
        for key in keys:
            if key in table:
                return table[key]
        return self.default, self.catch_all

    def refines(self, status: int) -> bool:
        """Whether a code can change what a reply of *status* is; if not, its body need not be read to know."""
        known = False if self.status_decides else self._refined.get(status)
        if known is None:
            cases = [case for _, case in self._table.get("http", {}).values()]
            known = any(case.code is not None and case.status is not None and case.covers(status) for case in cases)
            self._refined[status] = known
        return known

    def _resolve_code(self, code: str | None, operation: str | None, source: Source) -> tuple[type[Error], Case]:
        table = self._table.get(source, {})
        keys: list[Key] = [(scope, None, code) for scope in (*scopes(operation), None) if code is not None]
        keys += [(scope, None, None) for scope in (*scopes(operation), None)]
        for key in keys:
            if key in table:
                return table[key]

        def said(case: Case) -> bool:
            return case.code == code and case.on is None

        same_code = {owner: (owner, case) for owner, case in self.cases() if code is not None and said(case)}
        if len(same_code) == 1:
            return next(iter(same_code.values()))
        return self.default, self.catch_all

    def occasion(self, on: str) -> type[Error]:
        """The class raised on an occasion that no reply tells of: "network", "timeout", "unreadable", ..."""
        return self.raised_on(on)[0]

    def raised_on(self, on: str) -> tuple[type[Error], Case]:
        """The class and the case of an occasion that no reply tells of."""
        for source in ("transport", "client"):
            claimed = self._table.get(source, {}).get((None, None, on))
            if claimed is not None:
                return claimed
        return self.default, self.catch_all

    def lists(self, error: Error) -> bool:
        """Whether *error* is a case of this catalogue; its clients would take any other for something else."""
        case = error.case
        source = case.source(error.source)
        if source not in ("job", "stream") and not any((case.status, case.code, case.operation, case.on)):
            return True  # it claims nothing, and is whatever its status says
        claimed = self._table.get(source, {}).get(self._key(case, source))
        return claimed is not None and isinstance(error, claimed[0])

    def claims(self, error: type[Error]) -> tuple[Case, ...]:
        """What a reply must say to become *error*."""
        return error.claims

    @property
    def catch_all(self) -> Case:
        """What a reply is that no case claims."""

        def claims_nothing(case: Case) -> bool:
            return not any((case.status, case.operation, case.on)) and (case.code is None or self.status_decides)

        return next(filter(claims_nothing, self.default.cases), Case())

    def cases(self) -> Iterator[tuple[type[Error], Case]]:
        """Every claim of every class, in the order of declaration."""
        for error in self.errors:
            for case in self.claims(error):
                yield error, case


def scopes(operation: str | None) -> Iterator[str]:
    """The names that claims on *operation* may have: "images.upload", and then its resource's, "images"."""
    while operation:
        yield operation
        operation = operation.rpartition(".")[0]
