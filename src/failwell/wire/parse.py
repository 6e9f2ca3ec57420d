"""From any reply to an error: total, whatever the status, the bytes and the headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from failwell._support import truncation
from failwell._support.masking import masked_text
from failwell._support.secret import MASK, Mask
from failwell.contract.case import Case, Source, phrase
from failwell.contract.catalogue import Catalogue
from failwell.contract.coercion import UnfitError
from failwell.contract.construction import NOTHING, build
from failwell.contract.declaration import FieldSpec, marks_of, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.evidence import KeptBody as Kept
from failwell.contract.fields import Body, Header
from failwell.wire import json
from failwell.wire.messages import Reply
from failwell.wire.render import whole_seconds
from failwell.wire.retry_after import DIALECTS, parse_retry_after
from failwell.wire.well_known import of_body, of_text

LONGEST_NUMBER = 1000
"""Bits of a number that is looked at for secrets: what has more is none, and takes its time to write."""


class ParsedBody(NamedTuple):
    """The body of a reply: its JSON, or `NOTHING` where it is none, and what *said* in the vendor's envelope."""

    json: Any
    said: ErrorBody


SILENT = ErrorBody()


def parse_body(reply: Reply, catalogue: Catalogue) -> ParsedBody:
    """What the body of *reply* says."""
    try:
        body = json.loads(reply.body, reply.headers)
    except json.UnreadableError:
        return ParsedBody(NOTHING, SILENT)
    return ParsedBody(body, catalogue.envelope.parse(body))


def parse_reply(
    reply: Reply,
    catalogue: Catalogue,
    *,
    operation: str | None = None,
    source: Source = "http",
    mask: Mask | None = None,
    parsed: ParsedBody | None = None,
) -> Error:
    """The error that *reply* is. Always an instance of the catalogue's base, never another exception.

    What is told in a stream has another *source* and the status 0: there its code alone decides. *mask* takes the
    secrets out of what the error shows and keeps; which error it is, the reply says as it came. *parsed* is its body,
    where that was read before.
    """
    raw = reply.body
    seen, hide = (raw, None) if mask is None else _hiding(mask, reply)
    body, said = parse_body(reply, catalogue) if parsed is None else parsed
    if body is NOTHING:
        words = of_text(reply)
        # A charset may spell what its bytes do not show.
        said = ErrorBody(message=words if words is None or mask is None else masked_text(words, mask))
    elif not (message := said.message) or message.isspace():
        cls, _ = catalogue.resolve(reply.status or None, said.code, operation=operation, source=source)
        said = _in_other_words(said, body, cls, reply.status)
    status = reply.status
    claimed = None
    if catalogue.status_decides and (status or not catalogue.claimed(said.code)):
        claimed, said = said.code, said._replace(code=None)
    make: Make | None = None
    if status and source == "http":
        make = catalogue.makers.get((operation, status, said.code))
    if make is None:
        make = _maker(catalogue, operation, status, said.code, source)
    if hide is not None and said.code is not None and not catalogue.claimed(said.code):
        said = said._replace(code=hide(said.code))
    error = make(said, body, reply, hide)
    held = error.__dict__
    request_id = reply.headers.get(catalogue.request_id_header) or said.request_id
    held["request_id"] = truncation.text(request_id if hide is None else hide(request_id)) if request_id else None
    if claimed is not None:
        held["body_code"] = truncation.text(claimed if hide is None or catalogue.claimed(claimed) else hide(claimed))
    cap, length = catalogue.body_cap, reply.length
    held["body"] = seen if len(seen) <= cap else seen[:cap]
    held["body_length"] = len(seen) if length is None or length <= len(raw) else length
    return error


def kept(reply: Reply, seen: bytes, cap: int) -> Kept:
    """What an error keeps of the body of *reply*, which is *seen* without its secrets: at most *cap* bytes."""
    length = reply.length
    return Kept(seen[:cap], len(seen) if length is None or length <= len(reply.body) else length)


Hide = Callable[[Any], Any]
"""Gives back a JSON value without the secrets in it."""


def _hiding(mask: Mask, reply: Reply) -> tuple[bytes, Hide | None]:
    """The body of *reply* without secrets, and what takes them out of its values; None where there are none."""
    raw = reply.body
    headers = "\n".join(reply.headers.values()).encode("utf-8", "surrogatepass")
    small = len(raw) <= truncation.BODY and b"\0" not in raw
    if small and mask(both := headers + b"\n" + raw) is both:  # one look, as nearly always
        return raw, None
    seen = mask(raw)
    if (seen is raw or seen == raw) and mask(headers) == headers:
        return raw, None
    return seen, lambda value: masked_value(value, mask)


def masked_value(value: Any, mask: Mask, depth: int = json.DEPTH) -> Any:
    """The JSON *value* without the secrets that *mask* knows, in texts, keys and numbers."""
    if isinstance(value, str):
        return masked_text(value, mask)
    if isinstance(value, dict | list) and not depth:
        return truncation.ELLIPSIS
    if isinstance(value, dict):
        return {masked_text(str(key), mask): masked_value(part, mask, depth - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [masked_value(part, mask, depth - 1) for part in value]
    if value is None or isinstance(value, bool):
        return value
    digits = str(value) if isinstance(value, float) or value.bit_length() < LONGEST_NUMBER else ""
    return value if masked_text(digits, mask) is digits else MASK


Make = Callable[[ErrorBody, Any, Reply, Hide | None], Error]
"""Makes an error of what the envelope of a reply said, its whole body, the reply, and what is to be hidden of it."""


def _maker(catalogue: Catalogue, operation: str | None, status: int, code: str | None, source: Source) -> Make:
    """What makes the error that a reply of *status* and *code* is; remembered for the replies that are like it."""
    cls, case = catalogue.resolve(status or None, code, operation=operation, source=source)
    remembered = bool(status) and source == "http"
    if remembered and not catalogue.claimed(code):
        code = None  # what is remembered is not for servers to fill
        known: Make | None = catalogue.makers.get((operation, status, code))
        if known is not None:
            return known
    make = _quick(cls, case) if _is_quick(cls) else _thorough(cls, case)
    if remembered:
        catalogue.makers[operation, status, code] = make
    return make


def _thorough(cls: type[Error], case: Case) -> Make:
    """Makes a *cls* step by step, with the constructor where somebody wrote one."""

    def make(said: ErrorBody, body: Any, reply: Reply, hide: Hide | None) -> Error:
        error = _built(cls, {name: read(said, body, reply, hide) for name, read in _readers(cls)})
        if (known := error.case) is not case and known != case:
            error.become(case)  # the table knows the operation, the error does not
        return error

    return make


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
    new = cls.__new__

    def make(said: ErrorBody, body: Any, reply: Reply, hide: Hide | None) -> Error:
        error: Error
        if message_field is None:
            error = new(cls)
            held = error.__dict__
        else:
            message = said.message
            if message is None:
                message = message_of(None, reply.status)
            elif hide is not None:
                message = truncation.text(hide(message))
            elif len(message) > truncation.TEXT or not message.isascii():
                message = truncation.text(message)
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
        return error

    return make


def _is_quick(cls: type[Error]) -> bool:
    """Whether a *cls* needs no more than its fields, and says by itself which case it is."""
    settled = cls.settle is Error.settle and cls.__post_init__ is Error.__post_init__ and cls.__new__ is Error.__new__
    return settled and len(cls.cases) <= 1 and _is_plain(cls) and not marks_of(cls).mirrored


def message_of(said: str | None, status: int, hide: Hide | None = None) -> str:
    """What the server said, or a sentence about its silence."""
    if said is not None:
        return truncation.text(said if hide is None else hide(said))
    what = f"{status} {phrase(status)}".rstrip() if status else "An error"
    return f"{what}, without a readable message"


def _in_other_words(said: ErrorBody, body: Any, cls: type[Error], status: int) -> ErrorBody:
    """*said*, with the message that a *body* of another shape than the vendor's has, if any."""
    own: frozenset[str] = frozenset()
    if said.message is not None:
        # One that is there and empty may be the vendor's: then what a field of the *cls* holds is no message either,
        # nor is the title that problem+json has for every error of this status.
        own = _names(cls)
        if isinstance(body, dict) and body.get("title") == phrase(status):
            own |= {"title"}
    found = of_body(body, other_than=own)
    return said if found is None else said._replace(message=found)


def _names(cls: type[Error]) -> frozenset[str]:
    """The keys that the fields of *cls* have in a body."""
    specs = [spec for spec in specs_of(cls) if spec.travels]
    places = [spec.mark.path.partition(".")[0] for spec in specs if isinstance(spec.mark, Body)]
    return frozenset([*places, *(spec.details_key for spec in specs if spec.details_key is not None)])


Find = Callable[[ErrorBody, Any, Reply], Any]
"""What a reply holds for a field: of what its envelope said, its whole body, and the reply."""
Read = Callable[[ErrorBody, Any, Reply, Hide | None], Any]
"""The same, as the field's type has it, and without what is to be hidden."""


def _readers(cls: type[Error]) -> tuple[tuple[str, Read], ...]:
    """How each field of *cls* is read from a reply; remembered on the class."""
    known: tuple[tuple[str, Read], ...] | None = cls.__dict__.get("_readers")
    if known is None:
        specs = specs_of(cls)
        carried = frozenset(spec.mark.name.lower() for spec in specs if isinstance(spec.mark, Header))
        known = tuple((spec.name, _reader(spec, carried)) for spec in specs)
        cls._readers = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


CONTAINERS = (list, dict)


def _reader(spec: FieldSpec, carried: frozenset[str]) -> Read:
    """What a field holds of a reply: what it says, or what is filled in where it is silent or does not fit.

    *carried* are the headers that the fields of its class are in.
    """
    fallback = spec.fallback
    if spec.is_message:
        return lambda said, _body, reply, hide: message_of(said.message, reply.status, hide)
    if spec.is_status:
        return lambda _said, _body, reply, _hide: reply.status or None
    if spec.is_code:
        return lambda said, _body, _reply, _hide: fallback() if said.code is None else truncation.text(said.code)
    if not spec.travels:
        return lambda _said, _body, _reply, _hide: fallback()
    find, fit, shape = _finder(spec, carried), spec.fit, spec.shape
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


def _finder(spec: FieldSpec, carried: frozenset[str]) -> Find:
    """What the reply holds for a field, or `NOTHING`."""
    if isinstance(spec.mark, Header):
        name = spec.mark.name.lower()
        return _waits(spec, carried) if name == "retry-after" else lambda _said, _body, reply: _header(reply, name)
    if isinstance(spec.mark, Body):
        names = spec.mark.path.split(".")
        return lambda _said, body, _reply: _inside(body, names)
    key = spec.details_key or spec.name
    return lambda said, _body, _reply: said.details.get(key, NOTHING)


def _waits(spec: FieldSpec, carried: frozenset[str]) -> Find:
    """The seconds of a Retry-After, in any dialect; whole ones for a field that takes no others."""
    exact = spec.hint in (float, float | None)
    # A wait that another field of the class carries is that field's alone: a reset in 12 s that was sent without a
    # Retry-After arrives as a reset, and as no Retry-After. Retries wait for it all the same.
    others = carried & DIALECTS

    def find(_said: ErrorBody, _body: Any, reply: Reply) -> Any:
        if not others.isdisjoint(reply.headers):
            headers = {name: text for name, text in reply.headers.items() if name not in others}
            seconds = parse_retry_after(headers, now=reply.received)
        else:
            seconds = reply.asked_wait
        if seconds is None:
            return NOTHING
        return seconds if exact else whole_seconds(seconds)

    return find


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


def _built(cls: type[Error], values: dict[str, Any]) -> Error:
    """The same, of a value for every field: without the constructor, where that would do no more than this."""
    if not _is_plain(cls):
        return build(cls, values)
    error = cls.__new__(cls)
    error.__dict__.update(values)
    error.__post_init__()
    return error


def _is_plain(cls: type[Error]) -> bool:
    """Whether a *cls* is made by setting its fields: nobody wrote a constructor, and it takes every field but one."""
    known: bool | None = cls.__dict__.get("_plain")
    if known is None:
        written = any("_written_init" in base.__dict__ for base in cls.__mro__)
        known = not written and all(spec.init or spec.is_status for spec in specs_of(cls))
        cls._plain = known  # type: ignore[attr-defined]  # a cache on the class, not part of its type
    return known


def snapshot(error: Error) -> tuple[Any, ...]:
    """What of *error* travels: its class, its case, its `args` and the fields that the wire carries."""
    fields = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.travels}
    return type(error), error.case, error.args, fields
