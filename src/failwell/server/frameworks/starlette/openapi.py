"""The contract's errors in the OpenAPI document of a FastAPI app, beside what the app says itself."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeGuard

from failwell.contract import Catalogue
from failwell.contract.case import phrase
from failwell.contract.extras import needs
from failwell.reference.openapi.responses import OpenApiErrors
from failwell.server.frameworks.starlette.loaded import of_fastapi

with needs("starlette", __name__):
    from starlette.applications import Starlette
    from starlette.routing import Mount

if TYPE_CHECKING:
    from fastapi import FastAPI

OperationObject = dict[str, Any]

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
FRAMEWORKS_OWN = "#/components/schemas/HTTPValidationError"
"""What FastAPI says of its 422, which the contract answers in its stead."""


def describe(app: Starlette, catalogue: Catalogue) -> None:
    """Let `app.openapi()`, and that of the FastAPI apps mounted in it, tell of the errors of *catalogue*."""
    if _is_fastapi(app):
        own = app.openapi
        if isinstance(own, Described):
            own = own.own  # installed a second time
        app.openapi = Described(own, catalogue)  # type: ignore[method-assign]  # as FastAPI's documentation does
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            describe(route.app, catalogue)


def _is_fastapi(app: Starlette) -> TypeGuard[FastAPI]:
    return isinstance(app, of_fastapi("applications", "FastAPI"))


class Described:
    """An app's *own* document with the errors of *catalogue* in it. The app's own stays as it is."""

    def __init__(self, own: Callable[[], OperationObject], catalogue: Catalogue) -> None:
        self.own = own
        self._catalogue = catalogue
        self._last: tuple[OperationObject, OperationObject] | None = None

    def __call__(self) -> OperationObject:
        """The document, made anew when the app's own is another one."""
        own = self.own()
        if self._last is None or self._last[0] is not own:
            self._last = own, merged(own, self._catalogue)
        return self._last[1]


def merged(own: OperationObject, catalogue: Catalogue) -> OperationObject:
    """A copy of the document *own* in which every operation has the responses of its errors in *catalogue*."""
    document = copy.deepcopy(own)
    operations = list(_operations(document))
    for operation in operations:
        _drop_frameworks_own(operation)
    components: OperationObject = document.setdefault("components", {})
    _drop_unused(document, components.get("schemas", {}))
    errors = OpenApiErrors(catalogue, taken={name for kind in components.values() for name in kind})
    for operation in operations:
        responses = operation.setdefault("responses", {})
        name = operation.get("operationId")
        whole = errors.whole_responses(name)
        for status, reference in errors.responses(name).items():
            said = _resolved(document, responses.get(status))
            responses[status] = reference if said is None else _both(said, whole[status])
    made = errors.components
    for kind, parts in (_as_of_3_0(made) if str(document.get("openapi", "")).startswith("3.0") else made).items():
        components.setdefault(kind, {}).update(parts)
    return document


def _operations(document: OperationObject) -> Iterator[OperationObject]:
    for path in document.get("paths", {}).values():
        yield from (operation for method, operation in path.items() if method in METHODS)


def _drop_frameworks_own(operation: OperationObject) -> None:
    said = operation.get("responses", {}).get("422", {}).get("content", {}).get("application/json", {})
    if said.get("schema") == {"$ref": FRAMEWORKS_OWN}:
        del operation["responses"]["422"]


def _drop_unused(document: OperationObject, schemas: OperationObject) -> None:
    """Drop the schemas of FastAPI's 422 if nothing refers to them: the contract may need their names."""
    for name in ("HTTPValidationError", "ValidationError"):
        if name not in schemas or f"#/components/schemas/{name}" in set(_references(document)):
            return
        del schemas[name]


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _resolved(document: OperationObject, response: OperationObject | None) -> OperationObject | None:
    """*response*, or the component that it refers to."""
    reference = None if response is None else response.get("$ref")
    if not isinstance(reference, str):
        return response
    found: OperationObject | None = (
        document.get("components", {}).get("responses", {}).get(reference.rpartition("/")[2])
    )
    return found


def _both(said: OperationObject, ours: OperationObject) -> OperationObject:
    """The response that the app *said* itself with what the contract adds to it."""
    description = said.get("description", "")
    if description in (*map(phrase, range(400, 600)), "Additional Response"):
        description = ours["description"]
    elif ours["description"] not in description:
        description = f"{description}\n\n{ours['description']}".strip()
    content = {**ours["content"], **said.get("content", {})}
    for kind in ours["content"]:
        content[kind] = _both_bodies(said.get("content", {}).get(kind, {}), ours["content"][kind])
    headers = {**ours["headers"], **said.get("headers", {})}
    return {**said, "description": description, "headers": headers, "content": content}


def _both_bodies(said: OperationObject, ours: OperationObject) -> OperationObject:
    schemas = [schema for schema in (said.get("schema"), ours["schema"]) if schema]
    kept = {name: value for name, value in said.items() if name != "example"}
    theirs = {"example": {"value": said["example"]}} if "example" in said else {}
    return {
        **kept,
        "schema": schemas[0] if schemas[0] == schemas[-1] else {"anyOf": schemas},
        "examples": {**ours["examples"], **theirs, **said.get("examples", {})},
    }


def _as_of_3_0(part: Any) -> Any:
    """*part* without the one word that OpenAPI 3.0 lacks: null is no type there."""
    if isinstance(part, dict):
        if part.get("type") == "null":
            return {"nullable": True, "enum": [None]}
        return {name: _as_of_3_0(inner) for name, inner in part.items()}
    return [_as_of_3_0(inner) for inner in part] if isinstance(part, list) else part
