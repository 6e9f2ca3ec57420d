"""The OpenAPI document of the server."""

from __future__ import annotations

import json

import pytest
from openapi_spec_validator import validate

from failwell.reference.openapi.examples import declared, examples
from failwell.wire import parse_reply, snapshot
from scopix.exceptions import CATALOGUE
from tests.reference.documents import Document, complaints, responses_of, shown

from .api import Api


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
    assert {cls for name in responses_of(document) for cls in declared(CATALOGUE, name)} == {
        type(parse_reply(one.reply, CATALOGUE, operation=one.operation)) for one in found
    }
    for one in found:
        wanted = next(
            known
            for known in examples(CATALOGUE, one.operation)
            if (known.name, known.error.status_on_the_wire) == (one.name, one.reply.status)
        )
        assert snapshot(wanted.error) == snapshot(parse_reply(one.reply, CATALOGUE, operation=one.operation))
        assert [] == complaints(document, one.schema, json.loads(one.reply.body))


def test_an_operation_has_what_it_raises(document: Document) -> None:
    """
    C7. Each operation has exactly the error statuses of its `raises`, and what FastAPI would say of a 422 is gone.
    """
    for operation, responses in responses_of(document).items():
        assert {str(one.case.status or "default") for one in examples(CATALOGUE, operation)} == {
            status for status in responses if not status.startswith("2")
        }
    assert "HTTPValidationError" not in json.dumps(document)


def test_operations_are_those_of_the_contract(document: Document) -> None:
    """
    Each operation of the server is one that the catalogue says the errors of.
    """
    assert set(responses_of(document)) <= set(CATALOGUE.operations)


def test_bytes(document: Document) -> None:
    """
    The document says where bytes are sent, and where they are answered with.
    """
    upload = document["paths"]["/api/v2/uploads/{session_id}/files"]["put"]["requestBody"]
    content = document["paths"]["/api/v2/files/{file_id}/content"]["get"]["responses"]["200"]["content"]

    assert (True, "binary") == (upload["required"], upload["content"]["*/*"]["schema"]["format"])
    assert {"application/octet-stream"} == content.keys()
