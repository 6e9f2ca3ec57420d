"""Parse any reply into an error of the catalogue: total, whatever the status, the bytes and the headers."""

from __future__ import annotations

from typing import Any, NamedTuple

from failwell._support import truncation
from failwell._support.masking import masked_text, masked_value
from failwell._support.secret import Mask
from failwell.contract.case import Source, phrase
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import NOTHING
from failwell.contract.declaration import marks_of, specs_of
from failwell.contract.error import Error
from failwell.contract.error_body import ErrorBody
from failwell.contract.evidence import KeptBody as Kept
from failwell.contract.fields import AllDetails, Body
from failwell.wire import json
from failwell.wire.error_factory import Hide, maker_of
from failwell.wire.messages import Reply
from failwell.wire.well_known import of_body, of_text


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
    return ParsedBody(body, catalogue.skim(body))


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
    raw, headers = reply.body, reply.headers
    seen, hide = (raw, None) if mask is None else _hiding(mask, reply)
    if parsed is not None:
        body, said = parsed
    else:  # `parse_body`, written out: one call less for each error
        try:
            body = json.loads(raw, headers)
            said = catalogue.skim(body)
        except json.UnreadableError:
            body, said = NOTHING, SILENT
    if body is NOTHING:
        words = of_text(reply)
        # A charset may spell what its bytes do not show.
        said = ErrorBody(message=words if words is None or mask is None else masked_text(words, mask))
    elif said.field_errors is None and (not (message := said.message) or message.isspace()):
        cls, _ = catalogue.resolve(reply.status or None, said.code, operation=operation, source=source)
        said = _in_other_words(said, body, cls, reply.status)
    status, code, claimed = reply.status, said.code, None
    if catalogue.status_decides and (status or not catalogue.claimed(code)):
        claimed, code, said = code, None, said._replace(code=None)
    make = catalogue.makers.get((operation, status, code)) if status and source == "http" else None
    if make is None:
        make = maker_of(catalogue, operation, status, code, source)
    if hide is not None and code is not None and not catalogue.claimed(code):
        code = hide(code)
        said = said._replace(code=code)
    error: Error = make(said, body, reply, hide)
    held = error.__dict__
    request_id = headers.get(catalogue.request_id_header) or said.request_id
    if claimed is None and code is not None and marks_of(type(error)).code is None:
        claimed = code
    if request_id and not (hide is None and len(request_id) <= truncation.TEXT and request_id.isascii()):
        request_id = truncation.text(request_id if hide is None else hide(request_id))
    held["request_id"] = request_id or None
    if claimed is not None:
        held["body_code"] = truncation.text(claimed if hide is None or catalogue.claimed(claimed) else hide(claimed))
    cap, length, size = catalogue.body_cap, reply.length, len(seen)
    held["body"] = seen if size <= cap else seen[:cap]
    held["body_length"] = size if length is None or length <= len(raw) else length
    return error


def kept(reply: Reply, seen: bytes, cap: int) -> Kept:
    """What an error keeps of the body of *reply*, which is *seen* without its secrets: at most *cap* bytes."""
    length = reply.length
    return Kept(seen[:cap], len(seen) if length is None or length <= len(reply.body) else length)


def _hiding(mask: Mask, reply: Reply) -> tuple[bytes, Hide | None]:
    """The body of *reply* without secrets, and what takes them out of its values; None where there are none."""
    raw = reply.body
    headers = "\n".join(reply.headers.values()).encode("utf-8", "surrogatepass")
    small = len(raw) <= truncation.BODY and 0 not in raw
    if small and mask(both := headers + b"\n" + raw) is both:  # one look, as nearly always
        return raw, None
    seen = mask(raw)
    if (seen is raw or seen == raw) and mask(headers) == headers:
        return raw, None
    return seen, lambda value: masked_value(value, mask)


def _in_other_words(said: ErrorBody, body: Any, cls: type[Error], status: int) -> ErrorBody:
    """*said*, with the message that a *body* of another shape than the vendor's has, if any."""
    own: frozenset[str] = frozenset()
    if said.message is not None:
        # One that is there and empty may be the vendor's: then what a field of the *cls* holds is no message either,
        # nor is the title that problem+json has for every error of this status.
        own = _names(cls)
        if said.details is not body and any(isinstance(spec.mark, AllDetails) for spec in specs_of(cls)):
            own |= {str(key) for key in said.details}
        if isinstance(body, dict) and body.get("title") == phrase(status):
            own |= {"title"}
    found = of_body(body, other_than=own)
    return said if found is None else said._replace(message=found)


def _names(cls: type[Error]) -> frozenset[str]:
    """The keys that the fields of *cls* have in a body."""
    specs = [spec for spec in specs_of(cls) if spec.travels]
    places = [spec.mark.path.partition(".")[0] for spec in specs if isinstance(spec.mark, Body)]
    return frozenset([*places, *(spec.details_key for spec in specs if spec.details_key is not None)])


def snapshot(error: Error) -> tuple[Any, ...]:
    """What of *error* travels: its class, its case, its `args` and the fields that the wire carries."""
    fields = {spec.name: getattr(error, spec.name, None) for spec in specs_of(type(error)) if spec.travels}
    return type(error), error.case, error.args, fields
