"""The catalogue of one vendor's errors, and the table that maps a reply's status and code to a class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from failwell._support import truncation
from failwell._support.frozen import Frozen
from failwell.contract.case import TRAVELLING, Case, Source
from failwell.contract.declaration import check_types_again, required_of, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.errors import CatalogueError
from failwell.contract.resilience import Resilience

if TYPE_CHECKING:
    Key = tuple[str | None, int | str | None, str | None]


class Envelope(Protocol):
    """The shape of an error body, both ways. `failwell.wire.envelopes` has those in use."""

    lossless: bool
    content_type: str

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """Put what an error says into *body*, which already holds its `Body(...)` fields."""
        ...

    def parse(self, body: Any) -> ErrorBody:
        """What a parsed JSON *body* says; whatever it is, without an exception."""
        ...


class HeaderNames(Frozen):
    """The names a vendor gives the headers that every contract needs."""

    request_id: str = "X-Request-ID"
    idempotency_key: str = "Idempotency-Key"
    replayed: str = "Idempotent-Replayed"


class RetryRules(Frozen):
    """When and how long a vendor's SDK waits before it repeats a call. Durations are seconds."""

    max_retries: int = 3
    first_delay: float = 1.0
    factor: float = 2.0
    longest_delay: float = 8.0
    jitter: float = 0.25
    longest_retry_after: float = 120.0


class Raises(Frozen):
    """The errors an operation documents."""

    errors: tuple[type[Error], ...] = ()

    def __or__(self, other: Raises) -> Raises:
        return raises(*self.errors, *other.errors)


def raises(*errors: type[Error]) -> Raises:
    """What an operation documents.

    `Catalogue(..., operations={"training.create": raises(PaymentRequiredError)})`.
    """
    return Raises(tuple(dict.fromkeys(errors)))


class Catalogue:
    """The error contract of one vendor.

    *base* is what a caller catches for everything, *default* what a reply becomes that no case claims.
    *operations* says what each operation raises, *everywhere* what any of them may. Where *status_decides*, the status
    of a reply alone says which error it is, whatever code it claims; that is kept as `e.body_code`. *docs* is the
    address of the page that `failwell reference` writes, where it is published; problem+json sends the address of a
    code as its `type`. *idempotency* "server" says that the server does once what it is sent twice with one idempotency
    key; without it a POST whose answer was lost is not repeated, key or no key.

    Raises:
        CatalogueError: one case is claimed twice, or a class could not be built from a silent reply.
    """

    def __init__(
        self,
        name: str,
        *,
        base: type[Error],
        default: type[Error],
        errors: tuple[type[Error], ...],
        envelope: Envelope,
        headers: HeaderNames = HeaderNames(),
        retries: RetryRules = RetryRules(),
        resilience: Resilience = Resilience(),
        operations: Mapping[str, Raises] | None = None,
        everywhere: Raises = Raises(),
        status_decides: bool = False,
        body_cap: int = truncation.BODY,
        docs: str | None = None,
        idempotency: Literal["server"] | None = None,
    ) -> None:
        self.name = name
        self.base = base
        self.default = default
        self.errors = errors
        self.envelope = envelope
        self.headers = headers
        self.retries = retries
        self.resilience = resilience
        self.operations = dict(operations or {})
        self.everywhere = everywhere
        self.status_decides = status_decides
        self.body_cap = body_cap
        self.docs = docs
        self.idempotency = idempotency
        self.request_id_header = headers.request_id.lower()
        self._table: dict[Source, dict[Key, tuple[type[Error], Case]]] = {}
        self._refined: dict[int, bool] = {}
        self._resolved: dict[Key, tuple[type[Error], Case]] = {}
        # What `failwell.wire.parse` makes errors with, by operation, status and code.
        self.makers: dict[tuple[str | None, int, str | None], Any] = {}
        self._codes = {case.code for _, case in self.cases()}
        for error in dict.fromkeys((base, *errors, default)):
            self._check(error)
            for case in self.claims(error):
                self._claim(error, case)

    def _check(self, error: type[Error]) -> None:
        if not issubclass(error, self.base):
            raise CatalogueError(
                f"{error.__name__} ({error.declared_at}) is not a {self.base.__name__}, which callers of "
                f"{self.name!r} catch. Derive it from {self.base.__name__}, or leave it out of the catalogue."
            )
        check_types_again(error)
        if "_written_init" in error.__dict__:
            self._check_constructor(error)
        else:
            above = [
                parent
                for parent in error.__mro__[1:]
                if issubclass(parent, Error) and "_written_init" in parent.__dict__
            ]
            if above:
                raise CatalogueError(
                    f"{error.__name__} ({error.declared_at}) stands below {above[0].__name__} "
                    f"({above[0].declared_at}), which writes its own __init__. Write one for {error.__name__} too: "
                    "type checkers would otherwise show callers a constructor that does not exist."
                )
        for spec in required_of(error) if error.source in TRAVELLING else ():
            if spec.travels and spec.init and not spec.is_message:
                raise CatalogueError(
                    f"{error.__name__}.{spec.name} ({error.declared_at}) has no default. A reply may be a proxy's "
                    "bare page: give the field a default, or field(missing=...) for the parser."
                )

    def _check_constructor(self, error: type[Error]) -> None:
        """The parser calls a hand-written constructor with the fields it names; it may ask for nothing else."""
        import inspect

        fields = {spec.name for spec in specs_of(error)}
        for name, parameter in inspect.signature(error).parameters.items():
            variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            optional = variable or parameter.default is not parameter.empty
            if (name not in fields and not optional) or parameter.kind is parameter.POSITIONAL_ONLY:
                raise CatalogueError(
                    f"{error.__name__}.__init__ ({error.declared_at}) asks for {name!r}, which the parser of a reply "
                    "cannot give by name. Declare a field of that name, or give the parameter a default."
                )

    def _claim(self, error: type[Error], case: Case) -> None:
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
        scopes = [*_scopes(operation)]
        keys: list[Key] = []
        for said in (code, None) if code is not None else (None,):
            keys += [(scope, status, said) for scope in (*scopes, None)]
            keys += [(scope, f"{status // 100}XX", said) for scope in (*scopes, None)]
        keys += [(scope, None, None) for scope in scopes]
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
        keys: list[Key] = [(scope, None, code) for scope in (*_scopes(operation), None) if code is not None]
        keys += [(scope, None, None) for scope in (*_scopes(operation), None)]
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

    def raises(self, operation: str | None) -> tuple[type[Error], ...]:
        """What *operation* documents: its own errors first, then those that any operation may raise."""
        return (self.operations.get(operation or "", Raises()) | self.everywhere).errors

    def address(self, code: str) -> str | None:
        """Where *code* is explained, the same for as long as it is declared; None where nothing is published."""
        if self.docs is None or code not in self._codes:
            return None
        return f"{self.docs}#{anchor(code)}"

    def __repr__(self) -> str:
        return f"<Catalogue {self.name!r}: {len(self.errors)} errors, {sum(1 for _ in self.cases())} cases>"


def anchor(name: str) -> str:
    """What stands after "#" in the address of a code, a class or a status: letters, digits, "_" and "-" of *name*."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")


def _scopes(operation: str | None) -> Iterator[str]:
    """The names that claims on *operation* may have: "images.upload", and then its resource's, "images"."""
    while operation:
        yield operation
        operation = operation.rpartition(".")[0]
