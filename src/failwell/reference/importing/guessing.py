"""Which of the envelopes in use a vendor's error bodies are in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from failwell.reference.importing.document import Document, OpenApiSchema, Response, properties

EnvelopeKind = Literal["Problem", "ErrorObject", "Detail", "FirstOf"]

MESSAGES = (
    "message",
    "error_message",
    "errorMessage",
    "error_description",
    "msg",
    "detail",
    "title",
    "reason",
    "error",
    "errors",
)
"""Keys of flat bodies that hold a sentence, the best first."""
CODES = ("code", "error_code", "errorCode", "type", "kind", "reason", "error")
"""Keys that hold a code, the best first."""


@dataclass(frozen=True)
class Guess:
    """An envelope: its *kind*, the key of the *code*, and for a flat body the keys of the message."""

    kind: EnvelopeKind
    code: str | None = None
    keys: tuple[str, ...] = ()

    @property
    def container(self) -> str | None:
        """The property that code and message are below, if any."""
        return {"ErrorObject": "error", "Detail": "detail"}.get(self.kind)

    @property
    def code_path(self) -> tuple[str, ...] | None:
        """Where the code is."""
        if self.code is None:
            return None
        return (self.code,) if self.container is None else (self.container, self.code)

    @property
    def spoken(self) -> frozenset[tuple[str, ...]]:
        """Places that the envelope reads itself: no field is made of them."""
        said: set[tuple[str, ...]] = {("request_id",)} if self.kind in ("Problem", "ErrorObject") else set()
        if self.kind == "Problem":
            said |= {(name,) for name in ("type", "title", "status", "detail")}
        elif self.container is not None:
            said |= {(self.container, "message")}
        else:
            said.add((self.keys[0],))
        return frozenset(said | ({self.code_path} if self.code_path is not None else set()))

    @property
    def text(self) -> str:
        """How it is written down."""
        keys = [f'"{key}"' for key in self.keys]
        code = [f'code="{self.code}"'] if self.code not in (None, "code") and self.kind != "Problem" else []
        return f"{self.kind}({', '.join([*keys, *code])})"


def guess(document: Document, responses: list[Response]) -> Guess:
    """The envelope that most of *responses* are in."""
    votes: Counter[EnvelopeKind] = Counter()
    bodies: list[OpenApiSchema] = []
    for response in responses:
        for body in objects(document, response):
            votes[kind_of(document, response, body)] += 1
            bodies.append(body)
    if not votes:
        return Guess("FirstOf", keys=("message", "error", "detail"))
    kind = votes.most_common(1)[0][0]
    if kind == "Problem":
        return Guess(kind, code=_most(CODES[:1], Counter(name for body in bodies for name in properties(body))))
    container = {"ErrorObject": "error", "Detail": "detail"}.get(kind)
    named = Counter(name for body in bodies for part in _parts(document, body, container) for name in part)
    if container is not None:
        return Guess(kind, code=_most(CODES, named))
    spoken = Counter(next((name for name in MESSAGES if name in properties(body)), None) for body in bodies)
    keys = tuple(name for name, _ in spoken.most_common() if name is not None) or ("message",)
    return Guess(kind, code=_most([code for code in CODES if code not in keys], named), keys=keys)


def objects(document: Document, response: Response) -> list[OpenApiSchema]:
    """The objects that the body of *response* may be."""
    return [choice for choice in document.choices(response.schema) if properties(choice)]


def kind_of(document: Document, response: Response, body: OpenApiSchema) -> EnvelopeKind:
    """The envelope of one body."""
    names = properties(body)
    if "problem+json" in (response.media_type or "") or {"type", "title", "detail"} <= names.keys():
        return "Problem"
    if "error" in names and any("message" in properties(choice) for choice in document.choices(names["error"])):
        return "ErrorObject"
    if "detail" in names and not {"message", "title", "error"} & names.keys():
        return "Detail"
    return "FirstOf"


def _parts(document: Document, body: OpenApiSchema, container: str | None) -> list[dict[str, Any]]:
    if container is None:
        return [properties(body)]
    inner = properties(body).get(container, {})
    return [properties(choice) for choice in document.choices(inner)]


def _most(names: Any, named: Counter[str]) -> str | None:
    """The first of *names* that at least a third of the bodies have which have any of them."""
    most = max((named[name] for name in names), default=0)
    return next((name for name in names if named[name] and named[name] * 3 >= most), None)
