"""The error responses of an OpenAPI document, with its references resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from failwell.reference.importing.losses import Losses

OpenApiSchema = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ERROR = re.compile(r"[45]([0-9][0-9]|XX)|default")
HERE = "http://127.0.0.1:8000"
MOST_REFERENCES = 50
MOST_CHOICES = 64
MOST_PARTS = 500
DEEPEST = 20


@dataclass(frozen=True)
class BodyExample:
    """A body that a document shows, with the *summary* that it has where it is a named one."""

    value: Any
    summary: str = ""


@dataclass(frozen=True)
class Response:
    """What *operation* answers under *status*: an exact one, a range, or "default"."""

    operation: str
    status: str
    description: str
    headers: dict[str, OpenApiSchema]
    media_type: str | None
    schema: OpenApiSchema
    examples: list[BodyExample] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The place in the document, in words."""
        return f"{self.operation} {self.status}"


@dataclass(frozen=True)
class Operation:
    """What can be asked: a *method* of a *path*, and the error *responses* that it declares.

    *parameters* are those that must be given, *asks_for* the names of the credentials, *has_scopes* whether some of
    these may do less than others, *has_body* whether one is sent.
    """

    name: str
    method: str
    path: str
    responses: list[Response]
    parameters: list[OpenApiSchema]
    asks_for: tuple[str, ...]
    has_scopes: bool
    has_body: bool


class Document:
    """Reads *data*; what cannot be followed is told to *losses*."""

    def __init__(self, data: dict[str, Any], losses: Losses) -> None:
        self._data = data
        self.losses = losses

    @property
    def title(self) -> str:
        """What the API calls itself."""
        info = self._data.get("info")
        return str(info.get("title", "")) if isinstance(info, dict) else ""

    @property
    def server(self) -> str:
        """Where the API is; on this machine, if the document does not say."""
        first = _dict(next(iter(_list(self._data.get("servers"))), {}))
        url = str(first.get("url") or "")
        for name, variable in _dict(first.get("variables")).items():
            url = url.replace(f"{{{name}}}", str(_dict(variable).get("default", "")))
        url = url if re.match("https?://", url) else f"{HERE}/{url.lstrip('/')}"
        return url.rstrip("/")

    def credential(self, name: str) -> OpenApiSchema:
        """The security scheme called *name*."""
        schemes = _dict(_dict(self._data.get("components")).get("securitySchemes"))
        return _dict(self.resolved(schemes.get(name)))

    def operations(self) -> Iterator[Operation]:
        """Each operation by its id, or else by method and path, with its error responses."""
        taken: dict[str, int] = {}
        for path, part in self._data.get("paths", {}).items():
            item = _dict(self.resolved(part))
            for method, operation in item.items():
                if method not in METHODS or not isinstance(operation, dict):
                    continue
                name = str(operation.get("operationId") or f"{method.upper()} {path}")
                taken[name] = taken.get(name, 0) + 1
                if taken[name] > 1:
                    self.losses.add("operation ids that are used twice; the second has a number", name)
                    name = f"{name}.{taken[name]}"
                security = _list(operation.get("security", self._data.get("security")))
                # One of several that is empty says that it goes without.
                needed = [_dict(one) for one in security] if all(map(_dict, security)) else []
                yield Operation(
                    name,
                    method,
                    str(path),
                    list(self._responses(name, _dict(operation.get("responses")))),
                    self._required([*_list(operation.get("parameters")), *_list(item.get("parameters"))]),
                    asks_for=tuple(map(str, needed[0])) if needed else (),
                    has_scopes=any(_list(scopes) for one in needed for scopes in one.values()),
                    has_body=bool(operation.get("requestBody")),
                )

    def _required(self, parameters: list[Any]) -> list[OpenApiSchema]:
        """Those of *parameters* that must be given; the first of each name and place, which is the operation's own."""
        found: dict[tuple[Any, ...], OpenApiSchema] = {}
        for parameter in map(_dict, map(self.resolved, parameters)):
            found.setdefault((str(parameter.get("in")), str(parameter.get("name"))), parameter)
        return [each for (where, _), each in found.items() if where == "path" or each.get("required") is True]

    def _responses(self, operation: str, responses: dict[Any, Any]) -> Iterator[Response]:
        for key, part in responses.items():
            status = str(key).upper().replace("DEFAULT", "default")
            if status[:1] in "123" or str(key).startswith("x-"):
                continue
            if not ERROR.fullmatch(status):
                self.losses.add("statuses that are none", f"{operation} {key}")
                continue
            response = _dict(self.resolved(part))
            headers = {
                str(name): _dict(self.resolved(_dict(self.resolved(header)).get("schema", {})))
                for name, header in _dict(response.get("headers")).items()
            }
            media_type, content = self._body(f"{operation} {status}", _dict(response.get("content")))
            yield Response(
                operation=operation,
                status=status,
                description=str(response.get("description", "")),
                headers=headers,
                media_type=media_type,
                schema=_dict(content.get("schema")),
                examples=list(self._examples(content)),
            )

    def _body(self, where: str, content: dict[Any, Any]) -> tuple[str | None, dict[str, Any]]:
        """The JSON body of a response, problem+json before others."""
        kinds = sorted(map(str, content), key=lambda kind: "problem+json" not in kind)
        for kind in kinds:
            if re.match(r"application/([^;]*\+)?json\b|\*/\*", kind):
                return kind, _dict(content[kind])
        if content:
            self.losses.add(f"bodies that are not JSON but {kinds[0]}", where)
        return None, {}

    def _examples(self, content: dict[str, Any]) -> Iterator[BodyExample]:
        if "example" in content:
            yield BodyExample(content["example"])
        for example in _dict(content.get("examples")).values():
            found = _dict(self.resolved(example))
            if "value" in found:
                yield BodyExample(found["value"], str(found.get("summary") or found.get("description") or ""))

    def resolved(self, part: Any) -> Any:
        """*part*, or what its reference stands for; {} for what is not in the document."""
        for _ in range(MOST_REFERENCES):
            if not isinstance(part, dict) or not isinstance(part.get("$ref"), str):
                return part
            part = self._target(part["$ref"])
        return {}

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            self.losses.add("references to other documents", reference)
            return {}
        found: Any = self._data
        for name in reference[2:].split("/"):
            key = name.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            self.losses.add("references to what is not there", reference)
        return found if found is not None else {}

    def choices(self, schema: Any) -> list[OpenApiSchema]:
        """The schemas that *schema* allows one of, each without allOf, oneOf, anyOf and $ref at its top."""
        return self._choices(schema, DEEPEST, [MOST_PARTS])

    def _choices(self, schema: Any, depth: int, left: list[int]) -> list[OpenApiSchema]:
        """The same to this *depth*, with what is *left* of the parts to look at: a schema may be made of itself."""
        left[0] -= 1
        if left[0] < 0 or not depth:
            where = str(_dict(schema).get("$ref", "an unnamed one"))
            self.losses.add("schemas of too many parts, or made of themselves", where)
            return [{}]
        plain = _dict(self.resolved(schema))
        found = [{key: value for key, value in plain.items() if key not in ("allOf", "oneOf", "anyOf", "$ref")}]
        for part in _list(plain.get("allOf")):
            found = _products(found, self._choices(part, depth - 1, left))
        for word in ("oneOf", "anyOf"):
            parts = [choice for part in _list(plain.get(word)) for choice in self._choices(part, depth - 1, left)]
            found = _products(found, parts) if parts else found
        return found


def _products(some: list[OpenApiSchema], others: list[OpenApiSchema]) -> list[OpenApiSchema]:
    return [_both(one, other) for one in some for other in others][:MOST_CHOICES]


def _both(one: OpenApiSchema, other: OpenApiSchema) -> OpenApiSchema:
    """A schema of what fits both, as far as objects go."""
    mine, theirs = _dict(one.get("properties")), _dict(other.get("properties"))
    properties = {**mine, **theirs} | {name: {"allOf": [mine[name], theirs[name]]} for name in mine if name in theirs}
    return {**one, **other, **({"properties": properties} if properties else {})}


def properties(schema: OpenApiSchema) -> dict[str, Any]:
    """The properties of an object, by name."""
    return {str(name): part for name, part in _dict(schema.get("properties")).items()}


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
