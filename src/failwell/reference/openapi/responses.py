"""The errors of a catalogue in OpenAPI: a response for every status, a schema and an example for every case."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from failwell.contract import Case, Catalogue, Error, Header
from failwell.contract.declaration import FieldSpec, specs_of
from failwell.reference.openapi.examples import ErrorExample, examples, name_of, summary_of
from failwell.reference.openapi.schemas import body_schema, schema_of
from failwell.reference.page.docstrings import meanings
from failwell.wire import json

VERSION = "3.1.0"
OPERATIONS = "x-failwell-operations"
"""Where a document without paths says which operation answers with what."""

SCHEMAS = "#/components/schemas/"

DocumentPart = dict[str, Any]


def document(catalogue: Catalogue) -> DocumentPart:
    """An OpenAPI document of the errors alone: components to refer to, and which operation has which of them.

    A catalogue knows its operations by name and not by path, so the document has no paths.
    """
    errors = OpenApiErrors(catalogue)
    every = errors.responses(None) if not catalogue.operations else {}
    operations = {name: errors.responses(name) for name in catalogue.operations}
    return {
        "openapi": VERSION,
        "info": {"title": f"Errors of {catalogue.name}", "version": "1"},
        "components": errors.components,
        OPERATIONS: operations or {"": every},
    }


class OpenApiErrors:
    """The components that describe the errors of *catalogue*, made as responses ask for them.

    *taken* are names of components that a document has already; ours then get the catalogue's name in front.
    """

    def __init__(self, catalogue: Catalogue, taken: Container[str] = ()) -> None:
        self.catalogue = catalogue
        self._taken = taken
        self._names: dict[tuple[type[Error], Case], str] = {}
        self._schemas: DocumentPart = {}
        self._responses: DocumentPart = {}

    @property
    def components(self) -> dict[str, DocumentPart]:
        """What the responses given out so far refer to."""
        return {"responses": self._responses, "schemas": self._schemas}

    def responses(self, operation: str | None) -> dict[str, DocumentPart]:
        """By status ("404", "5XX", "default"), a reference to the response that *operation* answers with."""
        return {
            status: {"$ref": f"#/components/responses/{self._named(response, group, operation)}"}
            for status, group in self._by_status(operation).items()
            for response in [self._response(group)]
        }

    def whole_responses(self, operation: str | None) -> dict[str, DocumentPart]:
        """The same, with the responses themselves in place of references."""
        return {status: self._response(group) for status, group in self._by_status(operation).items()}

    def _by_status(self, operation: str | None) -> dict[str, list[ErrorExample]]:
        groups: dict[str, list[ErrorExample]] = {}
        for example in examples(self.catalogue, operation):
            groups.setdefault(str(example.case.status or "default"), []).append(example)
        return dict(sorted(groups.items()))

    def _response(self, group: list[ErrorExample]) -> DocumentPart:
        headers = dict(_headers(group))
        headers[self.catalogue.headers.request_id] = {
            "description": "The id of this request; quote it to support.",
            "schema": {"type": "string"},
        }
        content: DocumentPart = {"schema": self._one_of(group), "examples": {one.name: _example(one) for one in group}}
        return {
            "description": _description(group),
            "headers": headers,
            "content": {self.catalogue.envelope.content_type: content},
        }

    def _one_of(self, group: list[ErrorExample]) -> DocumentPart:
        """The schema of a body: exactly one of the cases, told apart by the code."""
        names = {one.case.code: self._schema(one) for one in group}
        references = [{"$ref": f"{SCHEMAS}{name}"} for name in names.values()]
        if len(references) == 1:
            return references[0]
        place = self._discriminator(names)
        # OpenAPI has a word for a code at the top of the body; one that is further down is in the schemas alone.
        if place is None:
            return {"oneOf": references}
        mapping = {code: f"{SCHEMAS}{name}" for code, name in names.items() if code is not None}
        return {"oneOf": references, "discriminator": {"propertyName": place, "mapping": mapping}}

    def _discriminator(self, names: dict[str | None, str]) -> str | None:
        """The property that holds the code in each of these schemas, or None."""
        bodies = {code: self._schemas[name].get("properties", {}) for code, name in names.items()}
        for place in next(iter(bodies.values())):
            if all(code and body.get(place, {}).get("enum") == [code] for code, body in bodies.items()):
                return str(place)
        return None

    def _schema(self, one: ErrorExample) -> str:
        """The name of the component for the body of *one*."""
        known = self._names.get((type(one.error), one.case))
        if known is None:
            schema = self._described(one)
            # Another status of the class may have other codes beside it, and so another schema.
            names = (self._free(name) for name in (one.name, f"{one.name}.{one.case.status}"))
            known = next(name for name in names if self._schemas.setdefault(name, schema) == schema)
            self._names[type(one.error), one.case] = known
        return known

    def _described(self, one: ErrorExample) -> DocumentPart:
        cls, case = type(one.error), one.case
        told: DocumentPart = {"title": one.name, "description": case.cause or summary_of(cls)}
        page = None if case.code is None else self.catalogue.address(case.code)
        if page is not None:
            told["externalDocs"] = {"url": page}
        return told | body_schema(cls, case, self.catalogue)

    def _named(self, response: DocumentPart, group: list[ErrorExample], operation: str | None) -> str:
        """The name of the component for *response*; equal responses are one."""
        owners = list(dict.fromkeys(type(one.error).__name__ for one in group))
        plain, status = self._free("-".join(owners)), group[0].case.status
        names = (plain, f"{plain}.{operation}", f"{plain}.{operation}.{status}")
        return next(name for name in names if self._responses.setdefault(name, response) == response)

    def _free(self, name: str) -> str:
        return f"{self.catalogue.name}.{name}" if name in self._taken else name


def _description(group: list[ErrorExample]) -> str:
    lines = {name_of(type(one.error), one.case.code): _meaning(one) for one in group}
    if len(lines) == 1:
        return next(iter(lines.values()))
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in lines.items())


def _meaning(one: ErrorExample) -> str:
    return " ".join(part for part in (one.case.cause or summary_of(type(one.error)), one.case.fix) if part)


def _example(one: ErrorExample) -> DocumentPart:
    """The body as it travels. A status is said where the response is one of many."""
    shown: DocumentPart = {
        "summary": one.case.cause or summary_of(type(one.error)),
        "value": json.loads(one.reply.body),
    }
    if one.case.fix:
        shown["description"] = one.case.fix
    if not isinstance(one.case.status, int):
        shown["x-status"] = one.reply.status
    return shown


def _headers(group: list[ErrorExample]) -> Iterable[tuple[str, DocumentPart]]:
    """The headers that carry fields, each with the values that it has in the examples."""
    found: dict[str, DocumentPart] = {}
    for one in group:
        for spec, name in _header_fields(type(one.error)):
            meaning = meanings(type(one.error)).get(spec.name)
            told: DocumentPart = {"description": meaning} if meaning else {}
            header = found.setdefault(name, {**told, "schema": schema_of(spec), "examples": {}})
            if (value := getattr(one.error, spec.name)) is not None:
                header["examples"][one.name] = {"value": value}
    return found.items()


def _header_fields(cls: type[Error]) -> Iterable[tuple[FieldSpec, str]]:
    for spec in specs_of(cls):
        if isinstance(spec.mark, Header) and spec.travels:
            yield spec, spec.mark.name
