"""Django REST framework: its setting `EXCEPTION_HANDLER`, and what the contract reads of its exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from failwell.server.errors.framework import invalid, of_status
from failwell.server.errors.redaction import NOT_ACCEPTED, redacted_field_error
from failwell.server.protocol import Scope
from failwell.server.refusal import Refusal

_QUOTED = re.compile(r'["\u201c=]')


def answer(request: Any, exc: Exception) -> HttpResponse | None:
    """The contract's answer to *exc*, if it is a declared error, or one of Django's or of Django REST framework's."""
    scope: Scope | None = request.META.get("failwell.scope")
    translator = None if scope is None else scope.get("failwell.translator")
    if scope is None or translator is None or not translator.knows(exc):
        return None
    reply = translator.answer(exc, scope)
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Django REST framework's setting: `REST_FRAMEWORK = {"EXCEPTION_HANDLER": "...django.exception_handler"}`."""
    scope: Scope | None = context["request"].META.get("failwell.scope")
    if scope is not None:
        scope["failwell.methods"] = context["view"].allowed_methods
    answered = answer(context["request"], exc)
    if answered is not None or (scope is not None and "failwell.translator" in scope):
        return answered
    from rest_framework.views import exception_handler as own

    found: HttpResponse | None = own(exc, context)
    return found


def _field_errors(details: Any, place: list[str | int]) -> Iterator[dict[str, Any]]:
    """The field errors in *details* of Django REST framework: a tree of fields, with lists of messages as leaves."""
    if isinstance(details, dict) and "message" in details and "code" in details:
        # Words with a quoted part repeat what was sent: '"red" is not a valid choice.'
        said = NOT_ACCEPTED if _QUOTED.search(str(details["message"])) else details["message"]
        yield redacted_field_error({"loc": place, "msg": said, "type": details["code"]})
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _field_errors(inner, place if name == "non_field_errors" else [*place, name])
    else:
        for inner in details:
            yield from _field_errors(inner, place)


def of_rest(exc: Any, code: str) -> Refusal:
    """What Django REST framework means by *exc*, an `APIException` of it; the envelope calls a code *code*."""
    if exc.status_code == 400 and isinstance(exc.detail, dict | list):
        return invalid(list(_field_errors(exc.get_full_details(), ["body"])))
    if exc.get_codes() == "parse_error":
        return invalid([{"loc": ["body"], "msg": "The body cannot be read", "type": "parse_error"}])
    wait = getattr(exc, "wait", None)
    headers = {} if wait is None else {"retry-after": str(-int(-wait // 1))}
    said = None if exc.status_code == 405 else str(exc.detail)
    return of_status(exc.status_code, headers, said=said, code=code)
