"""Reads an OpenAPI document the way a stranger would: what are its examples, and do bodies fit its schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS31Validator

from failwell.wire import Reply

Document = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """An example that a document shows for *operation*."""

    operation: str
    name: str
    reply: Reply
    schema: Any


def resolved(document: Document, part: Any) -> Any:
    """*part*, or what its local $ref stands for."""
    while isinstance(part, dict) and "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def responses_of(document: Document) -> dict[str, dict[str, Any]]:
    """By operation, its responses by status; of a document of paths or of one of errors alone."""
    if "paths" not in document:
        found: dict[str, dict[str, Any]] = document["x-failwell-operations"]
        return found
    return {
        operation["operationId"]: operation["responses"]
        for path in document["paths"].values()
        for operation in path.values()
    }


def shown(document: Document) -> Iterator[Shown]:
    """Every named example of every error response."""
    for operation, responses in responses_of(document).items():
        for status, reference in responses.items():
            response = resolved(document, reference)
            for media_type, content in response.get("content", {}).items():
                for name, example in content.get("examples", {}).items():
                    yield Shown(
                        operation,
                        name,
                        Reply(
                            example.get("x-status") or int(status),
                            {"content-type": media_type, **_headers(document, response, name)},
                            json.dumps(example["value"]).encode(),
                        ),
                        content["schema"],
                    )


def _headers(document: Document, response: Any, example: str) -> dict[str, str]:
    headers = {name: resolved(document, header) for name, header in response.get("headers", {}).items()}
    return {
        name.lower(): _text(header["examples"][example]["value"])
        for name, header in headers.items()
        if example in header.get("examples", {})
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def checker(document: Document, schema: Any) -> Callable[[Any], list[str]]:
    """Says what is wrong with a body by *schema*."""
    validator = OAS31Validator({**schema, "components": document["components"]})
    return lambda body: [problem.message for problem in validator.iter_errors(body)]


def complaints(document: Document, schema: Any, body: Any) -> list[str]:
    """What is wrong with *body* by *schema*."""
    return checker(document, schema)(body)
