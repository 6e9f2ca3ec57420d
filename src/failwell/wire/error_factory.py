"""Error factory: makes the error that a reply is, each field read by its mark; a fast path for plain classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import ceil
from typing import Any

from failwell._support import truncation
from failwell._support.late_message import let_be_late, put_off
from failwell.contract.case import Case, Source, phrase
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.coercion import UnfitError
from failwell.contract.construction import FRACTIONS, NOTHING, build_whole, is_plain
from failwell.contract.declaration import FieldSpec, marks_of, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.fields import MISSING, AllDetails, Body, Header
from failwell.wire.envelopes import DETAILS, spelled_out, summarize_field_errors
from failwell.wire.messages import Reply
from failwell.wire.retry_after import DIALECTS, parse_retry_after

Hide = Callable[[Any], Any]
"""Gives back a JSON value without the secrets in it."""


Make = Callable[[ErrorBody, Any, Reply, Hide | None], Error]
"""Makes an error of what the envelope of a reply said, its whole body, the reply, and what is to be hidden of it."""


def maker_of(catalogue: Catalogue, operation: str | None, status: int, code: str | None, source: Source) -> Make:
    """What makes the error that a reply of *status* and *code* is; remembered for the replies that are like it."""
    cls, case = catalogue.resolve(status or None, code, operation=operation, source=source)
    remembered = bool(status) and source == "http"
    if remembered and not catalogue.claimed(code):
        code = None  # what is remembered is not for servers to fill
        known: Make | None = catalogue.makers.get((operation, status, code))
        if known is not None:
            return known
    make = _quick(cls, case) if _is_quick(cls) else _thorough(cls, case)
    if not status:
        return lambda said, body, reply, hide: make(said, body, reply, hide).received(None)
    if remembered:
        catalogue.makers[operation, status, code] = make
    return make


def _thorough(cls: type[Error], case: Case) -> Make:
    """Makes a *cls* step by step, with the constructor where somebody wrote one."""
    wordless = marks_of(cls).message is None

    def make(said: ErrorBody, body: Any, reply: Reply, hide: Hide | None) -> Error:
        said = spelled_out(said)
        error = build_whole(cls, {name: read(said, body, reply, hide) for name, read in _readers(cls)})
        if wordless:
            _give_words(error, said, reply.status, hide)
        if (known := error.case) is not case and known != case:
            error.become(case)  # the table knows the operation, the error does not
        return error

    return make


Find = Callable[[ErrorBody, Any, Reply], Any]
"""What a reply holds for a field: of what its envelope said, its whole body, and the reply."""
FieldReader = Callable[[ErrorBody, Any, Reply, Hide | None], Any]
"""The same, as the field's type has it, and without what is to be hidden."""


def _readers(cls: type[Error]) -> tuple[tuple[str, FieldReader], ...]:
    """How each field of *cls* is read from a reply; remembered on the class."""
    known: tuple[tuple[str, FieldReader], ...] | None = cls.__dict__.get("_readers")
    if known is None:
        specs = specs_of(cls)
        carried = frozenset(spec.mark.name.lower() for spec in specs if isinstance(spec.mark, Header))
        taken = frozenset(spec.details_key for spec in specs if spec.details_key is not None and not spec.mirrored)
        known = tuple(
            (spec.name, _code_reader(spec, cls) if spec.is_code else _reader(spec, carried, taken)) for spec in specs
        )
        cls._readers = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


CONTAINERS = (list, dict)


def _reader(spec: FieldSpec, carried: frozenset[str], taken: frozenset[str | None]) -> FieldReader:
    """What a field holds of a reply: what it says, or what is filled in where it is silent or does not fit.

    *carried* are the headers that the fields of its class are in, *taken* the keys of the details that are only there.
    """
    fallback = spec.fallback
    if spec.is_message:
        return lambda said, _body, reply, hide: message_of(said.message, reply.status, hide)
    if spec.is_status:
        return lambda _said, _body, reply, _hide: reply.status or fallback()
    if not spec.travels:
        return lambda _said, _body, _reply, _hide: fallback()
    if isinstance(spec.mark, Header) and spec.mark.name.lower() == "retry-after":
        return _wait_reader(spec, carried)
    find = _all_details(taken) if isinstance(spec.mark, AllDetails) else _finder(spec)
    fit, shape = spec.fit, spec.shape
    # Asked for most: what stands in the body itself needs no search.
    at_top = spec.mark.path if isinstance(spec.mark, Body) and "." not in spec.mark.path else None

    def read(said: ErrorBody, body: Any, reply: Reply, hide: Hide | None) -> Any:
        simple = at_top is not None and isinstance(body, dict)
        found = body.get(at_top, NOTHING) if simple else find(said, body, reply)
        if found is NOTHING:
            return fallback()
        try:
            if hide is not None:
                return fit(hide(found))
            # Only what was cut must be copied, and most is small.
            small = isinstance(found, CONTAINERS) and truncation.fits(reply.body)
            return shape(found) if small or isinstance(found, int) else fit(found)
        except UnfitError:
            return fallback()

    return read


def _code_reader(spec: FieldSpec, cls: type[Error]) -> FieldReader:
    """The code that a reply says. Where it says none and there must be one: the first of *cls* for the status."""
    fallback = spec.fallback
    if spec.declared.missing is MISSING:
        return lambda said, _body, _reply, _hide: fallback() if said.code is None else truncation.text(said.code)
    usual = {
        case.status: case.code for case in reversed(cls.cases) if case.status is not None and case.code is not None
    }

    def read(said: ErrorBody, _body: Any, reply: Reply, _hide: Hide | None) -> Any:
        return usual.get(reply.status) or fallback() if said.code is None else truncation.text(said.code)

    return read


def _finder(spec: FieldSpec) -> Find:
    """What the reply holds for a field, or `NOTHING`."""
    if isinstance(spec.mark, Header):
        name = spec.mark.name.lower()
        return lambda _said, _body, reply: _header(reply, name)
    if isinstance(spec.mark, Body):
        names = spec.mark.path.split(".")
        return lambda _said, body, _reply: _inside(body, names)
    key = spec.details_key or spec.name
    return lambda said, _body, _reply: said.details.get(key, NOTHING)


def _all_details(taken: frozenset[str | None]) -> Find:
    """All of the details but those that are *taken*, and what is the envelope's own."""

    def find(said: ErrorBody, _body: Any, _reply: Reply) -> Any:
        found = {key: part for key, part in said.details.items() if key not in said.reserved and key not in taken}
        if isinstance(below := found.get(DETAILS), dict):
            del found[DETAILS]
            found.update(below)
        return found

    return find


def _wait_reader(spec: FieldSpec, carried: frozenset[str]) -> FieldReader:
    """The seconds of a Retry-After, in any dialect; whole ones for a field that takes no others."""
    # A wait that another field of the class carries is that field's alone: a reset in 12 s that was sent without a
    # Retry-After arrives as a reset, and as no Retry-After. Retries wait for it all the same.
    others, exact, fallback, shape = carried & DIALECTS, spec.hint in FRACTIONS, spec.fallback, spec.shape
    fits = exact or spec.hint in (int, int | None)

    def read(_said: ErrorBody, _body: Any, reply: Reply, hide: Hide | None) -> Any:
        if others and not others.isdisjoint(reply.headers):
            headers = {name: text for name, text in reply.headers.items() if name not in others}
            seconds = parse_retry_after(headers, now=reply.received)
        else:
            seconds = reply.asked_wait
        if seconds is None:
            return fallback()
        wait = seconds if exact else ceil(seconds)  # which is finite, and not below zero
        if fits and hide is None:
            return wait
        try:
            return shape(wait if hide is None else hide(wait))
        except UnfitError:
            return fallback()

    return read


def _header(reply: Reply, name: str) -> Any:
    said = reply.headers.get(name)
    # Cut without the "…" of other texts, which a header could not carry on.
    return NOTHING if said is None else said[: truncation.TEXT]


def take(body: Any, path: str) -> Any:
    """The value at the dotted *path* of *body*, or `NOTHING`."""
    return _inside(body, path.split("."))


def _inside(body: Any, names: Iterable[str]) -> Any:
    for name in names:
        if not isinstance(body, dict) or name not in body:
            return NOTHING
        body = body[name]
    return body


def message_of(said: str | None, status: int, hide: Hide | None = None) -> str:
    """What the server said, or a sentence about its silence."""
    if said is not None:
        return truncation.text(said if hide is None else hide(said))
    what = f"{status} {phrase(status)}".rstrip() if status else "An error"
    return f"{what}, without a readable message"


# -- The fast way, for most classes: what is known of the class is looked up once --


def _quick(cls: type[Error], case: Case) -> Make:
    """Makes a *cls* that has one case at most, and no constructor but ours: what is known of it is looked up once."""
    marks = marks_of(cls)
    message_field, code_field, status_field = marked = marks.message, marks.code, marks.status
    own = cls.cases[0] if cls.cases else Case()
    silent_code = None
    if code_field is not None:
        fallback = next(spec.fallback() for spec in specs_of(cls) if spec.name == code_field)
        silent_code = own.code if fallback is None else fallback
    others = tuple((name, read) for name, read in _readers(cls) if name not in marked)
    is_another = own is not case and own != case
    new, may_be_late = cls.__new__, message_field is not None and let_be_late(cls, message_field)

    def make(said: ErrorBody, body: Any, reply: Reply, hide: Hide | None) -> Error:
        error: Error
        field_errors = said.field_errors
        if field_errors is not None and (not may_be_late or hide is not None or len(reply.body) > truncation.TEXT):
            said, field_errors = spelled_out(said), None  # an error holds on to nothing large, and to no secret
        if message_field is None:
            error = new(cls)
            held = error.__dict__
        elif field_errors is not None:
            error = new(cls)
            held = error.__dict__
            # The list, which may be a field of the error too, is the caller's to change.
            put_off(error, message_field, partial(_sentence, [*field_errors]))
        else:
            message = said.message
            if message is None or hide is not None or len(message) > truncation.TEXT or not message.isascii():
                message = message_of(message, reply.status, hide)
            error = new(cls, message)  # which makes it the `args`
            held = error.__dict__
            held[message_field] = message
        if code_field is not None:
            code = said.code
            held[code_field] = silent_code if code is None else truncation.text(code)
        if status_field is not None:
            held[status_field] = reply.status
        for name, read in others:
            held[name] = read(said, body, reply, hide)
        if is_another:
            error.become(case)  # the table knows the operation, the error does not
        if message_field is None:
            _give_words(error, said, reply.status, hide)
        return error

    return make


def _sentence(field_errors: list[Any]) -> str:
    return truncation.text(summarize_field_errors(field_errors))


def _give_words(error: Error, said: ErrorBody, status: int, hide: Hide | None) -> None:
    """Let *error*, whose class has no field for a message, say what the server *said* beside its status."""
    if error.args:
        return
    words = said.message
    if words is not None and words.strip() and words != str(error):
        error.args = (message_of(said.message, status, hide),)
    elif not type(error).cases:
        error.args = (message_of(None, status),)


def _is_quick(cls: type[Error]) -> bool:
    """Whether a *cls* needs no more than its fields, and says by itself which case it is."""
    settled = cls.settle is Error.settle and cls.__post_init__ is Error.__post_init__ and cls.__new__ is Error.__new__
    return settled and len(cls.cases) <= 1 and is_plain(cls) and not marks_of(cls).mirrored
