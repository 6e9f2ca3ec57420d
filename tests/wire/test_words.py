from __future__ import annotations

import json
import time
from typing import Annotated, Any

import pytest

import failwell
from failwell import Body, Catalogue, Message, field
from failwell._support import truncation
from failwell.contract.catalogues.catalogue import Envelope
from failwell.wire import Detail, ErrorObject, FirstOf, Problem, Reply, parse_reply, render_error
from tests.contract.samples import CATALOGUES
from tests.wire.samples import as_json

ALL = pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES)

BODIES: list[tuple[str, str]] = [
    # What the pages of `spec/` show, each to the others.
    (
        '{"error": {"code": "x", "message": "Not enough credits", "details": {}}, "request_id": "r"}',
        "Not enough credits",
    ),
    ('{"detail": "Rule not found"}', "Rule not found"),
    ('{"detail": {"code": "VALIDATION_ERROR", "message": "Invalid limit", "field": "limit"}}', "Invalid limit"),
    ('{"detail": [{"loc": ["body", "a", 0], "msg": "Field required", "type": "missing"}]}', "a.0: Field required"),
    # Gateways, and those who speak as they do.
    ('{"message": "No API key found"}', "No API key found"),
    ('{"Message": "User is not authorized"}', "User is not authorized"),
    ('{"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2"}}}', "Invalid ApiKey"),
    ('{"errorMessage": "Task timed out", "errorType": "Timeout"}', "Task timed out"),
    ('{"statusCode": 404, "error": "Not Found", "message": "Cannot GET /x"}', "Cannot GET /x"),
    ('{"timestamp": 1, "status": 404, "error": "Gone to lunch", "message": "", "path": "/x"}', "Gone to lunch"),
    ('{"msg": "no Route matched"}', "no Route matched"),
    ('{"meta": {"status": 401, "msg": "Unauthorized here"}, "response": []}', "Unauthorized here"),
    ('{"status": {"code": 5, "message": "No such model"}}', "No such model"),
    ('{"success": false, "errors": [{"code": 7003, "message": "Could not route"}], "result": null}', "Could not route"),
    ('{"odata.error": {"code": "", "message": {"lang": "en-US", "value": "Bad key"}}}', "Bad key"),
    ('{"error": {"root_cause": [{"reason": "a"}], "type": "t", "reason": "no such index [x]"}}', "no such index [x]"),
    ('[{"message": "Session expired", "errorCode": "INVALID_SESSION_ID"}]', "Session expired"),
    ('"Not today"', "Not today"),
    # OAuth, problem+json, JSON:API, GraphQL.
    ('{"error": "invalid_grant", "error_description": "The code has expired"}', "The code has expired"),
    ('{"type": "about:blank", "title": "Out of credit", "status": 403}', "Out of credit"),
    ('{"title": "Out of credit", "detail": ""}', "Out of credit"),
    ('{"title": "Out of credit", "detail": []}', "Out of credit"),
    ('{"title": "Out of credit", "detail": {}}', "Out of credit"),
    ('{"title": "Out of credit", "detail": null}', "Out of credit"),
    ('{"error_description": "Out of credit", "detail": []}', "Out of credit"),
    ('{"title": "Out of credit", "detail": "Your balance is 30"}', "Your balance is 30"),
    (
        '{"errors": [{"status": "422", "title": "Invalid", "detail": "Too short", "source": {"pointer": "/n"}}]}',
        "Too short",
    ),
    ('{"errors": [{"title": "Invalid name"}]}', "Invalid name"),
    ('{"errors": [{"message": "Cannot query field", "path": ["a", 0]}], "data": null}', "Cannot query field"),
    # Maps of field errors: Rails, Laravel, ASP.NET, Django REST framework.
    ('{"errors": {"name": ["is too short"]}}', "name: is too short"),
    ('{"errors": {"name": "is too short"}}', "name: is too short"),
    ('{"errors": ["Name is too short", "Name is odd"]}', "Name is too short; Name is odd"),
    ('{"name": ["is too short"]}', "name: is too short"),
    ('{"name": ["is too short"], "status": 422}', "name: is too short"),
    ('{"name": [{"message": "is too short", "code": "min"}]}', "name: is too short"),
    ('{"non_field_errors": ["Unable to log in."]}', "Unable to log in."),
    ('{"error": {"name": ["is too short"]}}', "name: is too short"),
    ('{"detail": {"name": ["is too short"]}}', "name: is too short"),
    ('{"message": "The data was invalid.", "errors": {"name": ["is taken"]}}', "The data was invalid."),
    ('{"title": "Validation failed", "errors": {"Name": ["is required"]}}', "Validation failed"),
    ('{"response": {"error": {"message": "far inside"}}}', "far inside"),
]


@ALL
@pytest.mark.parametrize(("body", "words"), BODIES, ids=[body[:60] for body, _ in BODIES])
def test_words_of_any_shape(catalogue: Catalogue, body: str, words: str) -> None:
    """
    R19. Whatever well-known shape a body has, a person finds its words in the message; its status chooses the class.
    """
    error = parse_reply(Reply(422, {"content-type": "application/json"}, body), catalogue)

    assert words in str(error)
    assert "without a readable message" not in str(error)
    assert error.status_on_the_wire == 422


TEXTS: list[tuple[str, bytes, str]] = [
    ("text/plain", b"upstream connect error", "upstream connect error"),
    ("text/plain; charset=iso-8859-1", "Zugriff auf Müll".encode("latin-1"), "Zugriff auf Müll"),
    ('text/plain; charset="windows-1251"', "Доступ запрещён".encode("cp1251"), "Доступ запрещён"),
    ("text/plain;charset=Shift_JIS", "アクセス拒否".encode("shift_jis"), "アクセス拒否"),
    ("text/plain; charset=utf-16", "No such café".encode("utf-16"), "No such café"),
    ("text/plain; charset=iso-8859-1", "mislabelled café".encode(), "mislabelled café"),
    ("text/plain; charset=none-such", b"quota used up", "quota used up"),
    ("Text/Plain", b"\xef\xbb\xbfquota used up", "quota used up"),
    ("", b"quota used up", "quota used up"),
    ("application/json", b"Unauthorized", "Unauthorized"),
    (
        "text/html; charset=utf-8",
        b"<html><head><title>\n502 Bad\n Gateway &amp; more</title>",
        "502 Bad Gateway & more",
    ),
    ("text/html", b"<title>502</title><h1>Bad Gateway</h1>", "502 Bad Gateway"),
    ("text/html", b"<!doctype html><h1>Sorry, <em>closed</em></h1>", "Sorry, closed"),
    ("text/html; charset=latin-1", "<TITLE lang=de>Müll</TITLE>".encode("latin-1"), "Müll"),
    ("application/xml", b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", "Access Denied"),
    ("text/xml", b"<s:Fault><faultstring>Bad <![CDATA[& worse]]></faultstring></s:Fault>", "Bad & worse"),
    ("application/x-www-form-urlencoded", b"error=bad&error_description=The+code+is+wrong", "The code is wrong"),
    ("application/json; charset=iso-8859-1", b'{"detail": "Fichier \xe9gar\xe9"}', "Fichier égaré"),
    ("application/json; charset=windows-1251", '{"detail": "Нет"}'.encode("cp1251"), "Нет"),
    ("application/json; charset=utf-7", b'{"detail": "Fichier \xe9gar\xe9"}', "Fichier �gar�"),
    ("application/json", b'{"detail": "Fichier \xe9gar\xe9"}', "Fichier �gar�"),
]


@pytest.mark.parametrize(("content_type", "body", "words"), TEXTS)
def test_words_that_are_no_json(content_type: str, body: bytes, words: str) -> None:
    """
    R19. Plain text is read in its charset, a form by its fields, a page by its title, an error in XML by its message.
    """
    assert words == str(parse_reply(Reply(502, {"content-type": content_type}, body), CATALOGUES["pictograph"]))


SILENT = [
    b"", b"null", b"true", b"7", b"{}", b"[]", b"[[]]", b'""', b'" "', b'{"code": "x"}', b'{"id": 7, "tags": ["a"]}',
    b'{"status": "failed"}', b'{"error": true}', b'{"error": {"code": "x"}}', b'{"detail": "cut', b"\x00\x01",
    b"\x89PNG\r\n", b'{"detail": "\xff\xfe"}', b"<title>502</title>",
    b"<html><body>page</body></html>", b"<title> </title>", b'{"message": {"message": {}}}',
]  # fmt: skip


@pytest.mark.parametrize("body", SILENT)
def test_bodies_without_words(body: bytes) -> None:
    """
    "Without a readable message" is for bodies that have none; a code alone is no sentence.
    """
    error = parse_reply(Reply(503, {"content-type": "application/octet-stream"}, body), CATALOGUES["scopix"])

    assert "503 Service Unavailable, without a readable message" == str(error)


def test_words_of_another_decide_nothing() -> None:
    """
    A code in another shape is not the vendor's: which error it is, the status says.
    """
    body = as_json(
        {"title": "Out", "error": {"error_code": "duplicate_name", "code": "duplicate_name", "message": "m"}}
    )
    error = parse_reply(Reply(404, {}, body), CATALOGUES["pictograph"])

    assert ("NotFoundError", None, "Out") == (type(error).__name__, error.case.code, str(error))


class DeskError(failwell.Error):
    message: Message = field(kw_only=False)


class LostError(DeskError, status=404, code="lost"):
    title: Annotated[str | None, Body("title")] = None
    reason: str | None = None


def desk(envelope: Envelope) -> Catalogue:
    """A desk whose fields have the names of others' messages."""
    return Catalogue("desk", base=DeskError, default=DeskError, errors=(LostError,), envelope=envelope)


@pytest.mark.parametrize("message", ["", " ", "\n"])
@pytest.mark.parametrize("envelope", [Detail(), ErrorObject()])
def test_an_empty_message_is_the_vendors_own(envelope: Envelope, message: str) -> None:
    """
    C2. An error with an empty message arrives with one, though a field of its own reads like the message of another.
    """
    error = parse_reply(
        render_error(LostError(message, title="The title", reason="The reason"), desk(envelope)), desk(envelope)
    )

    assert (message, LostError) == (error.args[0], type(error))


@pytest.mark.parametrize(
    ("envelope", "body", "words"),
    [
        (ErrorObject(), {"error": "invalid_grant", "error_description": "It expired"}, "It expired"),
        (ErrorObject(), {"error": "Not Found", "message": "Cannot GET /x"}, "Cannot GET /x"),
        (ErrorObject(), {"error": "No.", "detail": ""}, "No."),
        (FirstOf(), {"error": "invalid_grant", "error_description": "It expired"}, "It expired"),
        (FirstOf(), {"errors": [{"title": "Too short"}]}, "1 invalid field: Too short"),
        (Problem(), {"title": "Not Found", "status": 404, "detail": ""}, ""),
        (Problem(), {"title": "Out of credit", "status": 403, "detail": ""}, "Out of credit"),
        (Problem(), {"title": "Out of credit", "status": "403", "detail": " "}, "Out of credit"),
        (Problem(), {"title": "Not Found", "status": 404}, "Not Found"),
    ],
)
def test_what_an_envelope_reads_beside_its_own(envelope: Envelope, body: dict[str, Any], words: str) -> None:
    """
    A name in `error` does not hide the sentence beside it, nor an empty `detail` a title that says more than a status.
    """
    assert words == envelope.parse(body).message


def test_words_are_cut() -> None:
    """
    R5. Words of any shape are cut as the vendor's own are.
    """
    error = parse_reply(Reply(400, {}, as_json({"errors": {"name": ["x" * 5000, "y"]}})), CATALOGUES["pictograph"])

    assert (True, True) == (len(str(error)) <= truncation.TEXT, str(error).startswith("name: xxx"))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({f"k{i}": [{f"k{j}": [{}] * 50 for j in range(50)}] * 5 for i in range(20)}).encode(),
        b"<h1>" * 250_000,
        b"<title>" * 140_000,
        b"<message" * 120_000,
        b'{"a":' * 60 + b"1" + b"}" * 60,
    ],
    ids=["wide", "headings", "titles", "messages", "deep"],
)
def test_looking_for_words_takes_no_time(body: bytes) -> None:
    """
    What a server sends does not decide how long its error takes: a body of any size and shape, within 2 s of CPU.
    """
    before = time.process_time()
    parse_reply(Reply(500, {"content-type": "text/html"}, body), CATALOGUES["pictograph"])

    assert time.process_time() - before < 2.0
