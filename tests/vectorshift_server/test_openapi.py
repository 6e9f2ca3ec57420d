"""The OpenAPI document of the server."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from failwell.reference.openapi.examples import examples
from failwell.wire import parse_reply, snapshot
from tests.reference.documents import Document, complaints, responses_of, shown
from vectorshift.exceptions import CATALOGUE

from .api import Api

BESIDE = {"agent.new", "agent.delete", "files.offer", "files.make", "files.put"}
"""Operations that the SDK has not, or that are parts of one of its own; they raise what any operation may raise."""


@pytest.fixture
def document(api: Api) -> Document:
    """The document that the server serves: valid, and plain JSON."""
    answer = api.client.get(
        "http://server/openapi.json", headers={"Authorization": f"Bearer {api.served.keys['member']}"}
    )
    found: Document = answer.json()
    validate(found)
    return found


def test_every_example_parses(document: Document) -> None:
    """
    C6. Every example is parsed to its class, with everything that travels, and fits the schema beside it.
    """
    found = list(shown(document))
    assert found
    for one in found:
        wanted = next(
            known
            for known in examples(CATALOGUE, one.operation)
            if (known.name, known.error.status_on_the_wire) == (one.name, one.reply.status)
        )
        assert snapshot(wanted.error) == snapshot(parse_reply(one.reply, CATALOGUE, operation=one.operation))
        assert [] == complaints(document, one.schema, json.loads(one.reply.body))


def test_operations_are_those_of_the_contract(document: Document) -> None:
    """
    Each operation of the server is one that the catalogue says the errors of, but for the few beside it.
    """
    assert BESIDE == {*responses_of(document)} - {*CATALOGUE.operations}


def test_an_operation_has_what_it_raises(document: Document) -> None:
    """
    C7. Each operation has exactly the error statuses of its `raises`, and what FastAPI would say of a 422 is gone.
    """
    for operation, responses in responses_of(document).items():
        assert {str(one.case.status or "default") for one in examples(CATALOGUE, operation)} == {
            status for status in responses if not status.startswith("2")
        }
    assert "HTTPValidationError" not in json.dumps(document)
