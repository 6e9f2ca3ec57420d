"""The base class of every error: a dataclass that is an exception and knows how it travels."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, dataclass_transform

from failwell._support import truncation
from failwell._support.frozen import changed
from failwell._support.late_message import ARGS, make_message
from failwell._support.lazy import LazyMember
from failwell.contract.case import Case, EnvelopeLayer, RetryKind, SideEffect, Source, StatusRange, flaw_in, phrase
from failwell.contract.declaration import check_types, constructed, declare_fields, marks_of, specs_of
from failwell.contract.errors import DeclarationError
from failwell.contract.fields import Code, Message, Status, field

if TYPE_CHECKING:
    from failwell.contract.evidence import Attempt, Suppression
    from failwell.contract.retry_advice import Assessed, RetryAdvice

MADE_LATE = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")
"""What `dataclass` adds to a class, beside its constructor."""


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(field,))
class Error(Exception):
    """Base of every declared error. Subclass it once per vendor, and that class once per failure.

    Class keywords: *status* and *code* are what a reply must say to be this error, *retry* whether a call is
    repeated, *fix* what the caller should do, *source* where it comes from, *on* the occasion of one that does
    not travel, *layer* who says it, *effect* whether the call did its work, where its status says another thing than
    what is true, *cases* any further claims.

    Raises:
        DeclarationError: a header, or JSON, cannot carry the type of a field, a field has the name of a member, or
            there is no such status, kind of retry or source.
    """

    request_id: str | None = None
    """The request's id, as the server gave it."""
    attempts: tuple[Attempt, ...] = ()
    """Every try of the call, in order."""
    elapsed: float | None = None
    """Seconds from the first try to the end of the last."""
    idempotency_key: str | None = None
    """The key that every try carried, or None when the call had none."""
    suppression: Suppression | None = None
    """Why a try that could have helped was not made: the last retry, or the call itself when `attempts` is empty."""
    last_event_id: str | None = None
    """The last id that a stream had named when it broke off, "" where it had named none; None for other calls."""
    stream_resource_id: str | None = None
    """The id of what a broken stream told of, where that was said."""
    next_offset: int | None = None
    """How many rows an iteration had given when no further page came: go on from that offset. None for other calls."""
    close_code: int | None = None
    """The code that a session was closed with, 1006 where it just broke off; None for other calls."""
    close_reason: str | None = None
    """What the server said when it closed the session, "" where it said nothing; None for other calls."""
    unsent: tuple[str | bytes, ...] = ()
    """The messages of a session that were to be sent and were not wholly written, in order, without secrets."""
    resume_token: str | None = None
    """What `failwell.resume` goes on with in another process, for a wait or an upload that was not ended; no secret."""
    body_code: str | None = None
    """The code that the reply said, where the status decides which error it is, or the class has a code of its own."""
    body: bytes = b""
    """The first bytes of the reply's body, as received."""
    body_length: int = 0
    """How long the whole body was, in bytes."""
    _assessed: Assessed | None = None
    """What the retry policy found of the last attempt; `retry` makes it an advice."""
    _effect: SideEffect | None = None
    """What the call found of its effect; `effect` says it."""

    source: ClassVar[Source] = "http"
    cases: ClassVar[tuple[Case, ...]] = ()
    """What an instance may be: its own claims, or those of the class that it refines."""
    claims: ClassVar[tuple[Case, ...]] = ()
    """What a reply must say to become this class and no other."""
    declared_at: ClassVar[str] = f"{__file__}:1"

    def __init_subclass__(
        cls,
        *,
        code: str | None = None,
        status: int | StatusRange | None = None,
        retry: RetryKind | None = None,
        fix: str | None = None,
        source: Source | None = None,
        on: str | None = None,
        layer: EnvelopeLayer | None = None,
        effect: SideEffect | None = None,
        cases: tuple[Case, ...] = (),
    ) -> None:
        super().__init_subclass__()
        caller = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # names the line of the class
        cls.declared_at = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        if source is not None or status is not None:
            cls.source = source or "http"
        first = (Case(code, status, on=on),) if any(said is not None for said in (code, status, on)) else ()
        if own := (*first, *cases):
            cls.cases = tuple(
                changed(
                    case,
                    fix=case.fix or fix,
                    retry=case.retry or retry,
                    layer=case.layer or layer,
                    effect=case.effect or effect,
                )
                for case in own
            )
        elif fix is not None or retry is not None or effect is not None:
            own = () if cls.cases else (Case(),)
            cls.cases = tuple(
                changed(case, fix=fix or case.fix, retry=retry or case.retry, effect=effect or case.effect)
                for case in cls.cases or own
            )
        cls.claims = cls.cases if own else ()
        for case in cls.claims:
            if flaw := flaw_in(case, cls.source):
                raise DeclarationError(f"{cls.__name__}: {flaw} ({cls.declared_at}).")
        written = "__init__" in cls.__dict__
        inherits_written = not written and any("_written_init" in base.__dict__ for base in cls.__mro__[1:])
        if written:
            cls._written_init = True
            cls.__init__ = _settling(cls.__init__)  # type: ignore[method-assign]  # the class's own, wrapped in place
        elif not inherits_written and "_written_init" in cls.__dict__:
            del cls._written_init
        cls.__doc__ = cls.__dict__.get("__doc__") or cls.__mro__[1].__doc__
        declare_fields(cls, Error)
        check_types(cls)
        for name in MADE_LATE if written or inherits_written else ("__init__", *MADE_LATE):
            setattr(cls, name, LazyMember(cls, name, constructed))

    _written_init: ClassVar[bool]

    def __post_init__(self) -> None:
        self.settle()
        message = marks_of(type(self)).message
        if message is not None:
            ARGS.__set__(self, (getattr(self, message),))

    def settle(self) -> None:
        """Fill in what the case already says: the status, the code, the mirror of the details."""
        marks = marks_of(type(self))
        no_status = marks.status is not None and self._names_no_status(marks.status)
        no_code = marks.code is not None and getattr(self, marks.code, None) is None
        if no_status or no_code:
            case = self.case
            if no_status and marks.status is not None and (marks.code is not None or self._has_one_status()):
                own = case.concrete_status
                setattr(self, marks.status, getattr(self, marks.status, None) if own is None else own)
            if no_code and marks.code is not None and case.code is not None:
                setattr(self, marks.code, case.code)
        if marks.mirrored:
            given: dict[str, Any] = getattr(self, "details", None) or {}
            self.details = {**given, **{key: getattr(self, name, None) for name, key in marks.mirrored}}

    @property
    def case(self) -> Case:
        """The line of the contract this instance is: its code, status and fix."""
        remembered: Case | None = self.__dict__.get("_case")
        if remembered is not None:
            return remembered
        cases = type(self).cases
        if len(cases) == 1:
            return cases[0]
        code, status = self._said()
        if marks_of(type(self)).code is None and cases:  # it says no code, so that none of them is the closer one
            return next((case for case in cases if _covers(case, status)), cases[0])
        return _closest(cases, code, status)

    def with_case(self, code: str | None, status: int | None = None) -> Self:
        """This error as the case that travels under *code* (and *status*), for a class that has several.

        Raises:
            ValueError: the class has no such case.
        """
        for case in type(self).cases:
            if case.code == code and status in (None, case.status):
                return self.become(case)
        known = ", ".join(str(case) for case in type(self).cases) or "none"
        raise ValueError(f"{type(self).__name__} has no case {code!r}. It has: {known}.")

    def become(self, case: Case) -> Self:
        """This error as *case*, of its class or of the catalogue's table: status and code say what the case says."""
        self._case = case
        marks = marks_of(type(self))
        if marks.code is not None and case.code is not None:
            setattr(self, marks.code, case.code)
        if marks.status is not None and case.status is not None and not case.covers(self._said()[1] or 0):
            setattr(self, marks.status, case.concrete_status)
        return self

    @property
    def code_on_the_wire(self) -> str | None:
        """The code this error is sent with."""
        if "_case" in self.__dict__:
            return self.case.code
        code, _ = self._said()
        return code if code is not None else self.case.code

    @property
    def status_on_the_wire(self) -> int:
        """The HTTP status this error is sent with; 500 for an error that names none."""
        case, (_, status) = self.case, self._said()
        if isinstance(status, int) and 100 <= status <= 599 and (case.status is None or case.covers(status)):
            return status
        return case.concrete_status or 500

    @property
    def known_status(self) -> int | None:
        """The HTTP status that was received, or that an error which was raised here is sent with; None: there is none.

        An event in a stream, a failed job or the client itself may mean a case that has one: nobody has received it.
        """
        if "_received" in self.__dict__:
            received: int | None = self.__dict__["_received"]
            return received
        return None if self.case.status is None and self._said()[1] is None else self.status_on_the_wire

    def received(self, status: int | None) -> Self:
        """This error as one that came in a reply of *status*, or in none, which its case then does not say either."""
        case, marks = self.case, marks_of(type(self))
        vars(self)["_received"] = status
        if marks.status is not None:
            takes_none = next(spec.hint for spec in specs_of(type(self)) if spec.is_status) is not int
            setattr(self, marks.status, status if status is not None or takes_none else 0)
            if self.case != case:
                self._case = case  # which it was found to be by the status of a reply that never came
        return self

    @property
    def retry(self) -> RetryAdvice:
        """What another retry engine is to do: whether and when the call is repeated, and whether that is safe."""
        from failwell.contract.retry_advice import advice_of

        return advice_of(self, self._assessed)

    @property
    def effect(self) -> SideEffect:
        """Whether the call did its work: "none" of it had begun, a side effect had begun ("done"), or it is "unknown".

        Over all attempts: of what was sent, the method, what the server said, the case and the status. One that met no
        call says what its case does; where the call was never made, that is "none".
        """
        told = self._effect
        if told is not None:
            return told
        case = self.case
        if case.effect is not None:
            return case.effect
        source = case.source(self.source)
        never_sent = source == "client" or ("_received" in self.__dict__ and self.__dict__["_received"] is None)
        return "none" if never_sent and source != "transport" else "unknown"

    @effect.setter
    def effect(self, found: SideEffect) -> None:
        self._effect = found

    @property
    def body_truncated(self) -> bool:
        """Whether the reply's body was longer than what `body` keeps."""
        return self.body_length > len(self.body)

    def _names_no_status(self, field_name: str) -> bool:
        """Whether the field of that name says no status yet: it is None, or the 0 that its class declares for none."""
        if "_received" in self.__dict__:  # it says that there was none
            return False
        said = getattr(self, field_name, None)
        return said is None or (said == 0 and getattr(type(self), field_name, None) == 0)

    if not TYPE_CHECKING:  # where it is what every exception has

        @property
        def args(self) -> tuple[Any, ...]:
            """What the exception was made with: its message."""
            make_message(self)
            return ARGS.__get__(self)

        @args.setter
        def args(self, given: tuple[Any, ...]) -> None:
            make_message(self)
            ARGS.__set__(self, given)

    def _has_one_status(self) -> bool:
        """Whether all that it may be has the same status, as long as nobody says which of its cases it is."""
        return "_case" in self.__dict__ or len({case.status for case in type(self).cases}) == 1

    def _said(self) -> tuple[Any, Any]:
        """What stands in the fields for the code and the status."""
        marks = marks_of(type(self))
        return (
            None if marks.code is None else getattr(self, marks.code, None),
            None if marks.status is None else getattr(self, marks.status, None),
        )

    def __str__(self) -> str:
        said = str(self.args[0]) if self.args else ""
        return said if said.strip() else self._without_words()

    def __repr__(self) -> str:
        # With the class, what an assertion or a list of errors needs: the message, the code, the status, the fields.
        marks = marks_of(type(self))
        facts: dict[str, Any] = {}
        if marks.code is None and self.code_on_the_wire is not None:
            facts["code"] = self.code_on_the_wire
        if marks.status is None:
            facts["status"] = self.known_status
        names = (spec.name for spec in specs_of(type(self)) if not spec.is_message)
        facts.update((name, getattr(self, name, None)) for name in names)
        said = [_shown(self.args[0])] if self.args else []
        said += [f"{name}={_shown(value)}" for name, value in facts.items() if value is not None]
        return truncation.text(f"{type(self).__name__}({', '.join(said)})")

    def _without_words(self) -> str:
        """A sentence for a reply that said nothing a person could read."""
        if self.cases and marks_of(type(self)).message is None:
            # A class without a field for a message says what it is for.
            return (type(self).__doc__ or type(self).__name__).strip().partition("\n")[0]
        status = self.known_status
        if status is None:
            return type(self).__name__
        return f"{status} {phrase(status)}".rstrip() + " without a readable message"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.args), self.__dict__.copy()


LONGEST_SHOWN = 200
"""Characters of a value that a repr shows."""


def _shown(value: object) -> str:
    """The repr of *value*, in one short piece."""
    try:
        text = repr(value[: LONGEST_SHOWN + 1] if isinstance(value, str | bytes | list | tuple) else value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ may raise anything
        return f"<{type(value).__name__}>"
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + truncation.ELLIPSIS


def _rebuilt(cls: type[Error], args: tuple[Any, ...]) -> Error:
    """A *cls* without its constructor, for pickle and copy; the rest of its state follows."""
    error = cls.__new__(cls, *args)
    error.args = args  # what is an `OSError` too, such as a TimeoutError, takes them in its constructor
    return error


class StandardError(Error):
    """Base of a vendor's errors that say a message, a code and a status: `e.message`, `e.code`, `e.status`."""

    message: Message = field(kw_only=False)
    code: Annotated[str | None, Code()] = None
    status: Annotated[int | None, Status()] = field(default=None, init=False)


def _settling(init: Callable[..., None]) -> Callable[..., None]:
    """A hand-written constructor, followed by what every error needs."""

    @functools.wraps(init)
    def __init__(self: Error, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in for __init__
        init(self, *args, **kwargs)
        self.settle()

    return __init__


def _covers(case: Case, status: object) -> bool:
    """Whether an error with *status* in its field for it may be *case*."""
    return status is None or case.status is None or (isinstance(status, int) and case.covers(status))


def _closest(cases: tuple[Case, ...], code: object, status: object) -> Case:
    """The case of a class that fits *code* and *status* best; its first when none does."""
    best, best_score = cases[0] if cases else Case(), -1
    for case in cases:
        if case.code not in (None, code):
            continue
        if not _covers(case, status):
            continue
        score = 2 * (case.code is not None) + (isinstance(case.status, int) and case.status == status)
        if score > best_score:
            best, best_score = case, score
    return best
