"""The catalogue of one vendor's errors: its classes, its envelope, what each operation may raise."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from failwell._support import truncation
from failwell._support.frozen import Frozen
from failwell.contract.case import TRAVELLING
from failwell.contract.catalogues.table import CaseTable, scopes
from failwell.contract.declaration import check_types_again, required_of, specs_of
from failwell.contract.error import Error
from failwell.contract.errors import CatalogueError
from failwell.contract.resilience import Resilience

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    from failwell.contract.error_body import ErrorBody

    # For the type checkers alone: Python compiles the types of a TypedDict one by one, each time it is imported.
    class JoinedSettings(TypedDict, total=False):
        """What `Catalogue.join` may be told, where its catalogues differ."""

        envelope: Envelope
        headers: HeaderNames
        retries: RetryRules
        resilience: Resilience
        status_decides: bool
        body_cap: int
        docs: str | None
        idempotency: Literal["server"] | None


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
    side_effect: str = "Side-Effect"
    """Says on an error whether a side effect of the call had begun, as `failwell.server.side_effect` knows it."""


class RetryRules(Frozen):
    """When and how long a vendor's SDK waits before it repeats a call. Durations are seconds.

    A call is repeated *max_retries* times; after a 5xx, or without an answer, *max_transient* times where that is less.
    The server knows an idempotency key for *keys_kept*: a call is not settled later.
    """

    max_retries: int = 3
    first_delay: float = 1.0
    factor: float = 2.0
    longest_delay: float = 8.0
    jitter: float = 0.25
    longest_retry_after: float = 120.0
    max_transient: int | None = None
    keys_kept: float = 24 * 3600.0

    def most(self, *, transient: bool) -> int:
        """How often a call is repeated, after a *transient* failure or when the server asks to wait."""
        limited = transient and self.max_transient is not None
        return min(self.max_retries, self.max_transient or 0) if limited else self.max_retries


Errors = type[Error] | tuple[type[Error], ...]
"""Error classes as an `except` takes them."""


class Catalogue(CaseTable):
    """The error contract of one vendor.

    *base* is what a caller catches for everything, *default* what a reply becomes that no case claims. *errors* are all
    classes, by default those that the module of *base* has declared so far, in the order of their declaration.
    *operations* says what each operation raises, *everywhere* what any of them may: a class, or a tuple of them, as in
    an `except`. Where *status_decides*, the status of a reply alone says which error it is, whatever code it claims;
    that is kept as `e.body_code`. *docs* is the address of the page that `failwell reference` writes, where it is
    published; problem+json sends the address of a code as its `type`. *idempotency* "server" says that the server does
    once what it is sent twice with one idempotency key; without it a POST whose answer was lost is not repeated.
    *resources* says what an operation, or all of a resource, is about, as the path that it asks:
    `{"files": "/files/{file}"}`. An error that a call of `/files/f_1` met has "file" in its field `resource_type` and
    "f_1" in `resource_id`, where the reply says neither.

    Raises:
        CatalogueError: one case is claimed twice, or a class could not be built from a silent reply.
    """

    def __init__(
        self,
        name: str,
        *,
        base: type[Error],
        default: type[Error],
        errors: tuple[type[Error], ...] | None = None,
        envelope: Envelope,
        headers: HeaderNames = HeaderNames(),
        retries: RetryRules = RetryRules(),
        resilience: Resilience = Resilience(),
        operations: Mapping[str, Errors] | None = None,
        everywhere: Errors = (),
        status_decides: bool = False,
        body_cap: int = truncation.BODY,
        docs: str | None = None,
        idempotency: Literal["server"] | None = None,
        resources: Mapping[str, str] | None = None,
    ) -> None:
        errors = _declared_beside(base) if errors is None else errors
        super().__init__(name, base=base, default=default, errors=errors, status_decides=status_decides)
        self.envelope = envelope
        self.skim = getattr(envelope, "skim", envelope.parse)
        """Parses a body as *envelope* does, but may leave the sentence about its field errors to be made."""
        self.headers = headers
        self.retries = retries
        self.resilience = resilience
        self.operations = {named: _each_once(raised) for named, raised in (operations or {}).items()}
        self.everywhere = _each_once(everywhere)
        self.body_cap = body_cap
        self.docs = docs
        self.idempotency = idempotency
        self.resources = dict(resources or {})
        self.request_id_header = headers.request_id.lower()
        self.effect_header = headers.side_effect.lower()
        # What `failwell.wire.parse` makes errors with, by operation, status and code.
        self.makers: dict[tuple[str | None, int, str | None], Any] = {}
        self.mapped: dict[type[Exception], type[Error]] = {}
        """The exceptions without our base that `failwell.maps` made cases of this catalogue."""
        for error in dict.fromkeys((base, *errors, default)):
            self._check(error)
            if (told := error.__dict__.get("_mapping")) is not None:
                self._map(told.exception, error)
            for case in self.claims(error):
                self.claim(error, case)

    @classmethod
    def join(cls, *catalogues: Catalogue, name: str | None = None, **settings: Unpack[JoinedSettings]) -> Catalogue:
        """One catalogue of several: for a server with more than one API, or a caller of several services.

        It has the classes and operations of all, below the nearest base that they have in common. *settings* say what
        holds where they differ.

        Raises:
            CatalogueError: they have different classes for the same, or settings that differ and are not given.
        """
        if not catalogues:
            raise CatalogueError("Nothing to join: Catalogue.join(ORDERS, PAYMENTS) takes catalogues.")
        from failwell.contract.catalogues.joining import check_claims, common_base, common_settings, merged

        given = tuple(dict.fromkeys(catalogues))
        shared = common_settings(given, settings)
        check_claims(given)
        base, defaults = common_base(*[each.base for each in given]), {each.default for each in given}
        errors = [error for each in given for error in (each.base, *each.errors, each.default)]
        # What any operation of one may raise, no operation of another may.
        operations = [{named: each.raises(named) for named in each.operations} for each in given]
        everywhere = [each.everywhere for each in given]
        all_may = [error for error in everywhere[0] if all(error in each for each in everywhere)]
        return cls(
            " + ".join(each.name for each in given) if name is None else name,
            base=base,
            default=defaults.pop() if len(defaults) == 1 else base,
            errors=tuple(error for error in dict.fromkeys(errors) if error is not Error),
            operations=merged(given, "operations", operations),
            everywhere=tuple(all_may),
            resources=merged(given, "resources", [each.resources for each in given]),
            **shared,
        )

    def _map(self, exception: type[Exception], error: type[Error]) -> None:
        held = self.mapped.setdefault(exception, error)
        if held is not error:
            raise CatalogueError(
                f"{exception.__name__} is mapped twice in {self.name!r} ({held.declared_at} and {error.declared_at}): "
                "a server that raises it could not tell which to send. Map a class that is derived from it."
            )

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
            if spec.travels and spec.declared.init and not spec.is_message:
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

    def raises(self, operation: str | None) -> tuple[type[Error], ...]:
        """What *operation* documents: its own errors first, then those that any operation may raise."""
        return tuple(dict.fromkeys((*self.operations.get(operation or "", ()), *self.everywhere)))

    def resource(self, operation: str | None, target: str) -> tuple[str, str] | None:
        """What *operation* is about, and which one the path of *target* names; "" where it names none."""
        found = next((self.resources[scope] for scope in scopes(operation) if scope in self.resources), None)
        if found is None:
            return None
        root, _, kind = found.rstrip("}").partition("{")
        _, named, rest = target.partition("?")[0].partition(root)
        from urllib.parse import unquote

        return kind, unquote(rest.partition("/")[0]) if named else ""

    def address(self, code: str) -> str | None:
        """Where *code* is explained, the same for as long as it is declared; None where nothing is published."""
        if self.docs is None or code not in self._codes:
            return None
        return f"{self.docs}#{anchor(code)}"

    def __repr__(self) -> str:
        return f"<Catalogue {self.name!r}: {len(self.errors)} errors, {sum(1 for _ in self.cases())} cases>"


def _each_once(errors: Errors) -> tuple[type[Error], ...]:
    return tuple(dict.fromkeys((errors,) if isinstance(errors, type) else errors))


def _declared_beside(base: type[Error]) -> tuple[type[Error], ...]:
    """*base* and what is derived from it in its module, in the order of declaration."""
    beside = vars(sys.modules[base.__module__]).values()
    found = [each for each in beside if isinstance(each, type) and issubclass(each, base)]
    return tuple(dict.fromkeys(each for each in found if each.__module__ == base.__module__))


def anchor(name: str) -> str:
    """What stands after "#" in the address of a code, a class or a status: letters, digits, "_" and "-" of *name*."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
