"""Envelopes: the shapes of error bodies in use (`detail`, error object, RFC 9457 problem), parsed and rendered."""

from __future__ import annotations

import re
from typing import Any

from failwell.contract.case import phrase
from failwell.contract.error_body import ErrorBody

JSON = "application/json"
BLANK = "about:blank"
"""The `type` of a problem that says no more than its status (RFC 9457, 4.2.1)."""
DESCRIPTION = "error_description"
"""Where OAuth has its sentence; `error` is a name there (RFC 6749, 5.2)."""
BESIDE = (DESCRIPTION, "message", "detail")
"""Keys of the sentence beside an `error` that is text."""
DETAILS = "details"
CLASHING = frozenset({"code", "error_code", "message", "detail", DETAILS})
"""Details of these names go below `DETAILS`, where an error has any details: envelopes use them for something else."""
DEPTH = 8
"""Levels below which nobody looks for a message."""


_new = tuple.__new__
"""Makes an `ErrorBody` of all its fields, in a third of the time."""


class Detail:
    """FastAPI's `{"detail": ...}`: a sentence, an object or a list of field errors.

    `{"detail": "Dataset not found"}`, `{"detail": {"message": "...", "error_code": "...", "required": 5}}`,
    `{"detail": [{"loc": [...], "msg": "...", "type": "..."}], "message": "..."}`. *code* names the key of the code.
    """

    lossless = True
    content_type = JSON

    def __init__(self, *, code: str = "code") -> None:
        self.code = code
        self._inside = frozenset({"message", code})
        self._beside = frozenset({"message", code, "detail"})

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """Choose the smallest shape that carries what is *said*."""
        detail = body.get("detail")
        facts = {**({self.code: said.code} if said.code is not None else {}), **said.details}
        if "detail" in body and not isinstance(detail, dict):
            body.update({"message": said.message, **facts})
        elif detail is None and not facts:
            body["detail"] = said.message
        else:
            body["detail"] = {"message": said.message, **facts, **(detail or {})}

    def parse(self, body: Any) -> ErrorBody:
        """Read any of the three shapes."""
        return spelled_out(self.skim(body))

    def skim(self, body: Any) -> ErrorBody:
        """The same, but field errors as they are: the sentence about them can wait until somebody reads it."""
        if not isinstance(body, dict):
            return ErrorBody()
        detail = body.get("detail")
        code = body.get(self.code)
        reserved, field_errors = self._beside, None
        if isinstance(detail, str):
            message: str | None = detail
        elif isinstance(detail, dict):
            message, code = _text(detail.get("message", detail.get("msg"))), detail.get(self.code)
            body, reserved = detail, self._inside
        else:
            beside = body.get("message")
            message = beside if isinstance(beside, str) else None
            if isinstance(detail, list):
                reserved = self._inside
                # A list of nothing says less than any words beside it, which are looked for where there is no message.
                if message is None and (detail or len(body) == 1):
                    field_errors = detail
            elif message is None:
                message = _text(detail)
        code = None if code is None else _code(code)
        return _new(ErrorBody, (0, code, message, body, None, None, reserved, None, field_errors))


class ErrorObject:
    """`{"error": {"code": ..., "message": ..., "details": {...}}, "request_id": ...}`.

    *code* names the key of the code. Without *details* there are none where there is nothing to say in them.
    """

    lossless = True
    content_type = JSON

    def __init__(self, *, code: str = "code", details: bool = True) -> None:
        self.code = code
        self.details = details

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """Code, message and details below "error", the request's id beside it."""
        inner = body.get("error")
        facts: dict[str, Any] = {self.code: said.code, "message": said.message}
        if self.details or said.details:
            facts["details"] = dict(said.details)
        body["error"] = {**facts, **inner} if isinstance(inner, dict) else facts
        if said.request_id is not None:
            body["request_id"] = said.request_id

    def parse(self, body: Any) -> ErrorBody:
        """Also reads `{"error": "a sentence", "code": ...}`; what is beside a name for the error says more than it."""
        if not isinstance(body, dict):
            return ErrorBody()
        request_id = _code(body.get("request_id"))
        error = body.get("error")
        if not isinstance(error, dict):
            better = (body.get(key) for key in BESIDE)
            message = next((text for text in better if isinstance(text, str) and text.strip()), None)
            return ErrorBody(code=_code(body.get(self.code)), message=message or _text(error), request_id=request_id)
        details = error.get("details")
        return ErrorBody(
            code=_code(error.get(self.code)),
            message=_text(error.get("message")),
            details=details if isinstance(details, dict) else {},
            request_id=request_id,
        )


class Layered:
    """Two shapes in one API: what middleware says is in one, what *handlers* say in another; both are read everywhere.

    `Case(..., layer="middleware")` says which of the two an error is sent in.
    """

    content_type = JSON

    def __init__(self, *, handlers: Detail, middleware: ErrorObject) -> None:
        self.handlers = handlers
        self.middleware = middleware
        self.code = handlers.code
        self.lossless = handlers.lossless and middleware.lossless

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """The shape of whoever says it."""
        (self.middleware if said.layer == "middleware" else self.handlers).render(body, said)

    def parse(self, body: Any) -> ErrorBody:
        """What has an `error` and no `detail` was said by middleware."""
        return spelled_out(self.skim(body))

    def skim(self, body: Any) -> ErrorBody:
        """The same, but field errors as they are."""
        by_middleware = isinstance(body, dict) and "error" in body and "detail" not in body
        return self.middleware.parse(body) if by_middleware else self.handlers.skim(body)


class FirstOf:
    """A flat object whose message is the first of some keys: `error`, `message`, `detail`, `errors`."""

    lossless = False
    content_type = JSON

    def __init__(self, *keys: str, code: str = "code") -> None:
        self.keys = keys or ("error", "message", "detail", "errors")
        self.code = code
        self._reserved = frozenset({*self.keys, code})

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """The message under the first key, the details beside it; a detail of that name is lost."""
        body.update({key: value for key, value in said.details.items() if key not in self.keys})
        if said.code is not None:
            body[self.code] = said.code
        body[self.keys[0]] = said.message

    def parse(self, body: Any) -> ErrorBody:
        """The first key that says something, whatever its type; not more than the status says is nothing."""
        if isinstance(body, str):
            return ErrorBody(message=body)
        if not isinstance(body, dict):
            return ErrorBody()
        described = body.get(DESCRIPTION)
        if isinstance(described, str) and described.strip():
            message: str | None = described
        else:
            message = next((text for key in self.keys if (text := _text(body.get(key)))), None)
            status = body.get("statusCode", body.get("status"))
            if status is not None and message is not None and message == _phrase(status):
                texts = (_text(body.get(key)) for key in self.keys)
                message = next((text for text in texts if text and text != message), message)
        return ErrorBody(code=_code(body.get(self.code)), message=message, details=body, reserved=self._reserved)


class Problem:
    """RFC 9457 problem+json: `type`, `title`, `status`, `detail`, `code`, and the details as extension members.

    The `type` of a code is the address of its explanation, or begins with *type_base*.
    """

    lossless = True
    content_type = "application/problem+json"
    members = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id"})

    def __init__(self, *, type_base: str | None = None) -> None:
        self.type_base = type_base

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """Details of the name of a standard member go below "details" (RFC 9457, 3.2 reserves the names)."""
        facts: dict[str, Any] = {"type": BLANK, "title": phrase(said.status), "status": said.status}
        if said.code is not None:
            facts["code"] = said.code
            facts["type"] = f"{self.type_base}{said.code}" if self.type_base is not None else said.address or BLANK
        facts["detail"] = said.message
        if said.request_id is not None:
            facts["request_id"] = said.request_id
        clashing = {key: value for key, value in said.details.items() if key in self.members or key == "details"}
        free = {key: value for key, value in said.details.items() if key not in clashing}
        body.update({**facts, **free, **({"details": clashing} if clashing else {})})

    def parse(self, body: Any) -> ErrorBody:
        """The code is `code`, or the last part of `type`. The title is the message where `detail` says nothing."""
        if not isinstance(body, dict):
            return ErrorBody()
        kind = body.get("type")
        code = _code(body.get("code"))
        if code is None and isinstance(kind, str) and kind != BLANK:
            code = self._named(kind)
        clashing = body.get("details")
        details = {key: value for key, value in body.items() if key not in self.members and key != "details"}
        if isinstance(clashing, dict):
            details.update(clashing)
        message, title = _text(body.get("detail")), _text(body.get("title"))
        # A title of the status, as `render` writes it, says nothing where the message is empty.
        if message is None or (not message.strip() and title != _phrase(body.get("status"))):
            message = title or message
        return ErrorBody(
            code=code,
            message=message,
            details=details,
            request_id=_code(body.get("request_id")),
        )

    def _named(self, kind: str) -> str | None:
        """The code of which *kind* is the type: what it ends with, without its query."""
        address, _, fragment = kind.removeprefix(self.type_base or "").partition("#")
        code = re.split("[/#:]", fragment.rstrip("/") or address.partition("?")[0].rstrip("/"))[-1]
        return code or None


class AnyShape:
    """Whatever shape an error body has; written as an error object. For contracts that declare none."""

    lossless = True
    content_type = JSON

    def __init__(self) -> None:
        self._object, self._detail, self._problem = ErrorObject(), Detail(), Problem()

    def render(self, body: dict[str, Any], said: ErrorBody) -> None:
        """As `ErrorObject` does."""
        self._object.render(body, said)

    def parse(self, body: Any) -> ErrorBody:
        """As the envelope that *body* looks like; beside an error's name or a bare message, all that stands there."""
        if not isinstance(body, dict):
            return ErrorBody()
        error, detail = body.get("error"), body.get("detail")
        if isinstance(error, dict):
            return _within(error, self._object.parse(body))
        if isinstance(detail, dict | list):
            found = self._detail.parse(body)
            return found if isinstance(detail, list) else found._replace(code=_named(detail))
        if isinstance(body.get("type"), str) and ("title" in body or "detail" in body):
            return self._problem.parse(body)
        found = self._object.parse(body)
        first = next(iter(each), None) if isinstance(each := body.get("errors"), list) else None
        if isinstance(first, dict) and "message" not in body and _named(body) is None:
            # JSON:API's way, and GraphQL's, of which the first is what went wrong.
            more = first.get("extensions", first.get("meta"))
            facts = {**body, **first, **(more if isinstance(more, dict) else {})}
            said = _text(first.get("detail")) or _text(first.get("message")) or _text(first.get("title"))
            return found._replace(code=_named(facts), message=found.message or said, details=facts)
        named = _named(body)
        if named is None and isinstance(error, str) and re.fullmatch(_NAME, error):
            named = error  # OAuth's way (RFC 6749, 5.2)
        message = found.message or _text(body.get("message"))
        return found._replace(code=named, message=message, details=body)


CODES = ("code", "error_code", "errorCode")
"""Keys of the code of an error."""
KINDS = ("type", "status")
"""Keys of its name, where it has no code, or one that only repeats the status of the reply."""
INSIDE = frozenset({*CODES, *KINDS, "message", DETAILS})
"""What an error object says of itself."""
_NAME = "[A-Za-z][A-Za-z0-9_.-]{0,99}"


def _named(facts: dict[str, Any]) -> str | None:
    """The code in *facts*, under whichever key."""
    return next((code for key in CODES if (code := _code(facts.get(key))) is not None), None)


def _within(error: dict[str, Any], said: ErrorBody) -> ErrorBody:
    """*said*, with what *error*, the object it was read from, has beside code, message and details."""
    code = _named(error)
    if code is None or re.fullmatch("[45][0-9][0-9]", code):
        kinds = (text for key in KINDS if isinstance(text := error.get(key), str))
        code = next((kind for kind in kinds if re.fullmatch(_NAME, kind)), code)
    if isinstance(error.get(DETAILS), dict):
        return said._replace(code=code)
    return said._replace(code=code, message=said.message or _text(error), details=error, reserved=INSIDE)


def _phrase(status: object) -> str | None:
    return phrase(status) if isinstance(status, int) else None


def spelled_out(said: ErrorBody) -> ErrorBody:
    """*said*, with the sentence about its field errors."""
    if said.field_errors is None:
        return said
    return _new(ErrorBody, (*said[:2], summarize_field_errors(said.field_errors), *said[3:-1], None))


def summarize_field_errors(errors: list[Any], depth: int = DEPTH) -> str:
    """One sentence for a list of field errors: "2 invalid fields: annotations.0.name: Field required; ..."."""
    lines: list[str] = []
    for entry in errors if len(errors) <= 3 else errors[:3]:
        if isinstance(entry, dict):
            loc = entry.get("loc")
            place = ".".join([str(part) for part in loc if part != "body"]) if isinstance(loc, list) else ""
            said = entry["msg"] if "msg" in entry else entry.get("message")
            if not isinstance(said, str):
                said = _text(said, depth) or _text(entry.get("detail") or entry.get("title"), depth)
            lines.append(f"{place}: {said or 'invalid'}" if place else said or "invalid")
        else:
            lines.append(_text(entry, depth) or "invalid")
    count = len(errors)
    if not count:
        return "the request was refused as invalid"
    more = f"; and {count - 3} more" if count > 3 else ""
    return f"{count} invalid field{'s' if count > 1 else ''}: {'; '.join(lines)}{more}"


def _text(value: Any, depth: int = DEPTH) -> str | None:
    """What a person can read of *value*: a string as it is, the message inside an object, a list's summary."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        inside = (_text(value.get(key), depth - 1) for key in ("message", "msg", "detail", "error") if depth)
        return next((text for text in inside if text), None)
    if isinstance(value, list):
        return summarize_field_errors(value, depth - 1) if value and depth else None
    return None if isinstance(value, bool) or value is None else str(value)


def _code(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
