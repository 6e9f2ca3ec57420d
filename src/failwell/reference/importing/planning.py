"""Plan of a contract module: its classes, fields and cases, and which operation raises which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from failwell._support.exception_fields import ExceptionFields
from failwell.contract.case import phrase
from failwell.contract.errors import ContractError
from failwell.reference.importing.document import Document, OpenApiSchema, Operation, Response, properties
from failwell.reference.importing.expecting import ExampleCall, example_call, expected
from failwell.reference.importing.guessing import Guess, guess, kind_of, objects
from failwell.reference.importing.losses import Losses
from failwell.reference.importing.names import base_name, class_name, field_name, vendor_name, vendor_words
from failwell.reference.importing.types import header_type, type_of, union

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}")
"""What a program compares with; a sentence is none."""
SPREAD = 3
"""Statuses at which one code may be declared and still say something about them."""
REQUEST_ID = re.compile(r"(x-)?(request|correlation)-?id", re.IGNORECASE)


class NothingToImportError(ExceptionFields, ContractError):
    """The document *where* declares no error response."""

    where: str
    template = "{where} declares no response of 4XX, 5XX or default, so there is no contract in it to import."


@dataclass(frozen=True)
class FieldPlan:
    """One field: its *name* in Python, its *type*, the *place* where it travels ("body error.id"), its *meaning*."""

    name: str
    type: str
    place: str
    meaning: str = ""


@dataclass(frozen=True)
class ClassPlan:
    """One class: of a *status*, a range or "default", with the *codes* that mean it there, and the *causes* of some."""

    name: str
    status: str
    summary: str
    codes: tuple[str, ...] = ()
    fields: tuple[FieldPlan, ...] = ()
    causes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A whole module. *raised* says which classes an operation raises, *everywhere* those that all of them do.

    It was made from so many *responses* of so many *operations*, of which *silent* ones declare no error. *expected* is
    what they do not declare, and one would expect; *call* is one of them, to show.
    """

    vendor: str
    title: str
    base: str
    envelope: Guess
    common: tuple[FieldPlan, ...]
    classes: tuple[ClassPlan, ...]
    raised: dict[str, tuple[str, ...]]
    everywhere: tuple[str, ...]
    request_id: str | None
    losses: tuple[str, ...]
    expected: tuple[str, ...]
    call: ExampleCall
    default: ClassPlan
    responses: int
    operations: int
    silent: int


def plan(data: dict[str, Any], *, where: str, vendor: str | None = None) -> Plan:
    """What the OpenAPI document *data* says about errors, as far as a contract module can say it.

    Raises:
        NothingToImportError: it says nothing.
    """
    losses = Losses()
    document = Document(data, losses)
    operations = list(document.operations())
    if not any(operation.responses for operation in operations):
        raise NothingToImportError(where)
    return _Planner(document, operations).plan(vendor_words(vendor or document.title))


class _Planner:
    def __init__(self, document: Document, asked: list[Operation]) -> None:
        self.document = document
        self.losses = document.losses
        self.asked = asked
        self.operations = {operation.name: operation.responses for operation in asked}
        self.responses = [response for operation in asked for response in operation.responses]
        self.envelope = guess(document, self.responses)
        self._request_ids: Counter[str] = Counter()

    def plan(self, vendor: list[str]) -> Plan:
        statuses = sorted({response.status for response in self.responses} - {"default"})
        names = {status: class_name(status) for status in statuses} | {"default": "UnexpectedError"}
        base = base_name(vendor, set(names.values()))
        codes = self._codes()
        classes = [self._class(status, names[status], codes.get(status, ())) for status in [*statuses, "default"]]
        common = _common(classes)
        plans = tuple(replace(one, fields=_without(one.fields, common)) for one in classes)
        everywhere = self._everywhere()
        return Plan(
            vendor=vendor_name(vendor),
            title=self.document.title or vendor_name(vendor),
            base=base,
            envelope=self.envelope,
            common=common,
            classes=plans[:-1],
            default=plans[-1],
            raised={
                operation: tuple(names[status] for status in sorted({one.status for one in group} - everywhere))
                for operation, group in self.operations.items()
            },
            everywhere=tuple(names[status] for status in sorted(everywhere)),
            request_id=next((name for name, _ in self._request_ids.most_common(1)), None),
            losses=self.losses.lines(),
            expected=expected(self.asked),
            call=example_call(self.document, self.asked),
            responses=len(self.responses),
            operations=len(self.operations),
            silent=sum(not group for group in self.operations.values()),
        )

    def _everywhere(self) -> set[str]:
        """The statuses that every operation with errors has, where there is more than one."""
        groups = [{one.status for one in group} for group in self.operations.values() if group]
        return set.intersection(*groups) if len(groups) > 1 else set()

    def _class(self, status: str, name: str, codes: tuple[str, ...]) -> ClassPlan:
        group = [response for response in self.responses if response.status == status]
        said = Counter(_sentence(response.description) for response in group if _sentence(response.description))
        fallback = "Any other error." if status == "default" else f"A reply of {status}."
        summary = said.most_common(1)[0][0] if said else fallback
        told = {code: cause for response in reversed(group) for code, cause in self._causes_of(response)}
        causes = {code: told[code] for code in codes if code in told}
        return ClassPlan(name, status, summary, codes, tuple(self._fields(group)), causes)

    def _fields(self, group: list[Response]) -> Iterator[FieldPlan]:
        """The fields of a class: whatever any of its responses may carry beside code and message."""
        found: dict[str, list[str]] = {}
        keys: dict[str, str] = {}
        meanings: dict[str, str] = {}
        for response in group:
            for body in objects(self.document, response):
                for place, schema in self._places(body, response):
                    found.setdefault(place, []).append(type_of(self.document, schema))
                    meanings.setdefault(place, self._meaning(schema))
                    keys[place] = place.rpartition(".")[2].removeprefix("body ")
            for header, schema in response.headers.items():
                if REQUEST_ID.fullmatch(header):
                    self._request_ids[header] += 1
                    continue
                place = f"header {header}"
                # Whole seconds, or a date, which the parser turns into seconds.
                type_ = "int" if header.lower() == "retry-after" else header_type(self.document, schema)
                found.setdefault(place, []).append(type_)
                keys[place] = header
                meanings.setdefault(place, self._meaning(schema))
        taken: set[str] = set()
        for place, types in found.items():
            type_ = _header_union(types) if place.startswith("header") else union(types)
            name = field_name(keys[place], taken)
            if name == "details" and not type_.removesuffix(" | None").startswith("dict["):
                name = field_name("details_", {*taken, "details"})  # every error may have details, which are a dict
            taken.add(name)
            if "dict[str, Any]" in type_:
                self.losses.add("objects inside of bodies: their properties are left as dict[str, Any]", place)
            yield FieldPlan(name, type_, place, meanings[place])

    def _meaning(self, schema: Any) -> str:
        said = (choice.get("description") for choice in self.document.choices(schema))
        return next((_sentence(text) for text in said if isinstance(text, str)), "")

    def _places(self, body: OpenApiSchema, response: Response) -> Iterator[tuple[str, Any]]:
        """Where in a *body* what is, as far as the envelope does not read it itself."""
        if kind_of(self.document, response, body) != self.envelope.kind:
            read = f"{self.envelope.text} reads no code of them, and their message if it can"
            self.losses.add(f"bodies of another shape than most; {read}", response.where)
        for name, schema in properties(body).items():
            if name == self.envelope.container:
                yield from self._inside(name, schema, response)
            elif (name,) not in self.envelope.spoken and self._says(name, response):
                yield f"body {name}", schema

    def _inside(self, container: str, schema: Any, response: Response) -> Iterator[tuple[str, Any]]:
        for choice in self.document.choices(schema):
            if choice.get("type") == "array":
                yield f"body {container}", choice
            for name, inner in properties(choice).items():
                if (container, name) not in self.envelope.spoken and self._says(name, response):
                    yield f"body {container}.{name}", inner

    def _says(self, name: str, response: Response) -> bool:
        """Whether a path can lead to the property *name*."""
        if name and "." not in name:
            return True
        self.losses.add(f'properties with a "." or nothing in their name ({name!r})', response.where)
        return False

    def _codes(self) -> dict[str, tuple[str, ...]]:
        """By status, the codes that say something about it."""
        found: dict[str, dict[str, None]] = {}
        for response in self.responses:
            for code in self._codes_of(response):
                if response.status.isdigit() and code in (phrase(int(response.status)), response.status):
                    continue  # "Forbidden", or 403, says no more than the status
                found.setdefault(code, {})[response.status] = None
        by_status: dict[str, list[str]] = {}
        for code, statuses in found.items():
            if len(statuses) > SPREAD:
                self.losses.add(
                    "codes that are declared at many statuses, without which goes with which; "
                    "claim each where it belongs: Case(code, status)",
                    code,
                )
            elif "default" in statuses:
                self.losses.add("codes that are declared for the default response, which has no status", code)
            else:
                for status in statuses:
                    by_status.setdefault(status, []).append(code)
        return {status: tuple(sorted(codes)) for status, codes in by_status.items()}

    def _codes_of(self, response: Response) -> Iterator[str]:
        path = self.envelope.code_path
        if path is None:
            return
        for schema in self._at(response.schema, path):
            enum = schema.get("enum")
            chosen = enum if isinstance(enum, list) else [schema.get("const"), schema.get("example")]
            yield from self._as_codes(chosen, response)
        whole = [choice.get("example") for choice in self.document.choices(response.schema)]
        shown = [self._said_by(value) for value in (*(example.value for example in response.examples), *whole)]
        yield from self._as_codes([code for code in shown if not isinstance(code, str) or _is_code(code)], response)

    def _as_codes(self, values: list[Any], response: Response) -> Iterator[str]:
        """Those of *values* that are codes; what is lost of them is told."""
        for value in values:
            if value is None or isinstance(value, bool):
                continue
            if not _is_code(value):
                self.losses.add(f"values of the code that no case can claim ({str(value)[:40]!r})", response.where)
                continue
            if not isinstance(value, str):
                self.losses.add("codes that are numbers: they are read as numbers too, and sent as text", str(value))
            yield str(value)

    def _said_by(self, body: Any) -> Any:
        """What stands in *body* where its code should be."""
        for name in self.envelope.code_path or ():
            body = body.get(name) if isinstance(body, dict) else None
        return body if self.envelope.code_path is not None else None

    def _causes_of(self, response: Response) -> Iterator[tuple[str, str]]:
        """The code of each named example of *response*, with what its summary says of it."""
        for example in response.examples:
            if example.summary:
                code = self._said_by(example.value)
                if _is_code(code) and str(code) != response.status:
                    yield str(code), _sentence(example.summary)
                else:
                    self.losses.add("summaries of examples that have no code", response.where)

    def _at(self, schema: Any, path: tuple[str, ...]) -> list[OpenApiSchema]:
        """The schemas of what may be at *path*."""
        found = self.document.choices(schema)
        for name in path:
            found = [inner for one in found for inner in self.document.choices(properties(one).get(name, {}))]
        return found


def _is_code(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return CODE.fullmatch(str(value)) is not None


def _header_union(types: list[str]) -> str:
    known = set(types)
    return f"{known.pop() if len(known) == 1 else 'str'} | None"


def _common(classes: list[ClassPlan]) -> tuple[FieldPlan, ...]:
    """The fields that most classes with fields have, of one type each: they belong to the base class."""
    telling = [one for one in classes if one.fields]
    counts = Counter((one.name, one.type, one.place) for cls in telling for one in cls.fields)
    places = Counter(one.place for cls in telling for one in cls.fields)
    many = [
        said
        for said, count in counts.items()
        if len(telling) > 1 and count * 2 > len(telling) and count == places[said[2]]
    ]
    meanings = {one.place: one.meaning for cls in reversed(telling) for one in cls.fields}
    return tuple(FieldPlan(*said, meanings[said[2]]) for said in many)


def _without(fields: tuple[FieldPlan, ...], common: tuple[FieldPlan, ...]) -> tuple[FieldPlan, ...]:
    places = {one.place for one in common}
    return tuple(one for one in fields if one.place not in places)


def _sentence(description: str) -> str:
    """The first sentence of a *description*, in one line."""
    text = " ".join(description.split())
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    if len(first) > LONGEST:
        return f"{first[: LONGEST - 3].rstrip()}..."
    return first if not first or first[-1] in ".!?" else f"{first}."


LONGEST = 400
