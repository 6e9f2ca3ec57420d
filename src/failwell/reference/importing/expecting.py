"""What operations suggest beside their responses: errors that they do not declare, and a call to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from failwell.reference.importing.document import Document, OpenApiSchema, Operation
from failwell.reference.importing.losses import Losses

YOURS = "YOUR_KEY"
"""Stands in a call for the credential that nobody but its reader knows."""

EXPECTED: tuple[tuple[str, tuple[str, ...], Callable[[Operation], bool]], ...] = (
    ("401, where credentials are asked for", ("401", "403"), lambda operation: bool(operation.asks_for)),
    ("403, where credentials have scopes", ("403",), lambda operation: operation.has_scopes),
    ("404, where a path names something", ("404", "410"), lambda operation: "{" in operation.path),
    ("400 or 422, where a body is sent", ("400", "422"), lambda operation: operation.has_body),
    ("429, anywhere", ("429",), lambda operation: True),
    ("500 or 503, anywhere", ("5",), lambda operation: True),
)
"""An error, how statuses begin that say it, and of which operations one expects it."""


class ExampleCall(NamedTuple):
    """A call to begin with: *method* to *url*, with the *headers* that the document asks for."""

    operation: Operation
    method: str
    url: str
    headers: dict[str, str]


def expected(operations: list[Operation]) -> tuple[str, ...]:
    """The errors that one would expect of *operations*, and that they do not declare: a line each, with how many."""
    found = Losses()
    for what, beginnings, is_expected in EXPECTED:
        for operation in operations:
            if is_expected(operation) and not _declares(operation, beginnings):
                found.add(what, operation.name)
    return found.lines()


def _declares(operation: Operation, beginnings: tuple[str, ...]) -> bool:
    ranges = {f"{beginning[0]}XX" for beginning in beginnings} | {"default"}
    return any(one.status in ranges or one.status.startswith(beginnings) for one in operation.responses)


def example_call(document: Document, operations: list[Operation]) -> ExampleCall:
    """The call of *operations* that is easiest to try: it reads, declares errors, and needs little."""
    operation = min(operations, key=lambda one: (one.method != "get", not one.responses, len(one.parameters)))
    path, query = operation.path, dict[str, str]()
    for parameter in operation.parameters:
        name, value = str(parameter.get("name")), _sample(document, parameter)
        if parameter.get("in") == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif parameter.get("in") == "query":
            query[name] = value
    url = f"{document.server}/{path.lstrip('/')}{f'?{urlencode(query)}' if query else ''}"
    return ExampleCall(operation, operation.method.upper(), url, _headers(document, operation))


def _sample(document: Document, parameter: OpenApiSchema) -> str:
    """A value that *parameter* may have: one that the document shows, or else 1."""
    for part in (parameter, *document.choices(parameter.get("schema"))):
        chosen = part.get("enum")
        shown: list[Any] = [part.get("example"), part.get("default"), *(chosen if isinstance(chosen, list) else ())]
        for value in shown:
            if isinstance(value, str | int | float) and value != "":
                return str(value).lower() if isinstance(value, bool) else str(value)
    return "1"


def _headers(document: Document, operation: Operation) -> dict[str, str]:
    """The headers that hold credentials, with a place for one's own."""
    headers: dict[str, str] = {}
    for name in operation.asks_for:
        scheme = document.credential(name)
        kind = scheme.get("type")
        if kind == "apiKey" and scheme.get("in") == "header" and _is_token(scheme.get("name")):
            headers[scheme["name"]] = YOURS
        elif kind in ("http", "oauth2", "openIdConnect"):
            basic = str(scheme.get("scheme", "")).lower() == "basic"
            headers["Authorization"] = f"{'Basic' if basic else 'Bearer'} {YOURS}"
    return headers


def _is_token(name: object) -> bool:
    return isinstance(name, str) and name.isascii() and name.replace("-", "").replace("_", "").isalnum()
