from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from failwell.sandbox import FaultLayer, RequestLog, Reset, Rule, SandboxError, Script
from failwell.sandbox.control import Control

from .sockets import TOKEN, Wire, ask, control, layer_before

RULE = {"method": "GET", "path": "/x", "times": 2, "steps": [{"step": "answer", "status": 503, "body": "busy"}]}


@pytest.fixture
def armed() -> list[dict[str, object]]:
    """What was posted to /_failwell/errors."""
    return []


@pytest.fixture
def arming_layer(real_server: tuple[str, int], armed: list[dict[str, object]]) -> Iterator[FaultLayer]:
    """A layer that takes errors by name."""

    def arm_error(payload: dict[str, object]) -> None:
        if "error" not in payload:
            raise SandboxError("error is missing. Give the name of an exception.")
        if payload["error"] == "Bug":
            raise KeyError("Bug")
        armed.append(payload)

    with layer_before(real_server, arm_error=arm_error) as layer:
        yield layer


def test_arm_over_http(layer: FaultLayer) -> None:
    """
    A rule that was posted is used like one that was armed from Python.
    """
    posted = control(layer, "POST", "rules", RULE)

    assert (201, {"id": 1}) == (posted.status, posted.json)
    assert [503, 503, 200] == [ask(layer, "GET", "/x").status for _ in range(3)]


def test_list_and_clear(layer: FaultLayer) -> None:
    """
    Armed rules can be listed and removed.
    """
    control(layer, "POST", "rules", RULE)
    ask(layer, "GET", "/x")

    listed = control(layer, "GET", "rules").json["rules"]

    answer = {"step": "answer", "status": 503, "headers": [], "body": "busy"}
    assert [{"id": 1, "left": 1, "method": "GET", "path": "/x", "times": 2, "steps": [answer]}] == listed
    assert {"removed": 1} == control(layer, "DELETE", "rules").json
    assert {"rules": []} == control(layer, "GET", "rules").json


def test_log_over_http(layer: FaultLayer) -> None:
    """
    The log can be read and cleared; calls of the control endpoint are not in it, and take no numbers.
    """
    control(layer, "GET", "health")
    ask(layer, "GET", "/x?api_key=1")

    entries = control(layer, "GET", "log").json["entries"]

    assert [(1, "GET", "/x?api_key=***", "passed 200")] == [
        (entry["number"], entry["method"], entry["path"], entry["outcome"]) for entry in entries
    ]
    assert {"removed": 1} == control(layer, "DELETE", "log").json
    assert () == layer.log.entries()


def test_health(layer: FaultLayer) -> None:
    """
    Health tells that the layer is up, and how many rules and entries there are.
    """
    layer.script.arm(Rule((Reset(),), path="/never"))

    assert {"status": "ok", "rules": 1, "entries": 0} == control(layer, "GET", "health").json


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "ä"])
@pytest.mark.parametrize(("method", "path"), [("GET", "health"), ("POST", "rules"), ("DELETE", "log"), ("GET", "no")])
def test_wrong_token(layer: FaultLayer, method: str, path: str, token: str | None) -> None:
    """
    Without the right token everything is refused, and nothing is armed.
    """
    reply = control(layer, method, path, RULE, token=token)

    found = "missing" if token is None else "wrong"
    message = f"The X-Failwell-Token header is {found}. Send the token that the sandbox was started with."
    assert (403, {"error": message}) == (reply.status, reply.json)
    assert () == layer.script.pending()


def test_no_token_no_control() -> None:
    """
    A layer without a token has no control endpoint, not even for an empty token.
    """
    off = Control(Script(), RequestLog(), token="")
    refusal = off.refusal("127.0.0.1", "")

    assert refusal is not None
    assert 403 == refusal.status


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", None),
        ("127.8.8.8", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.0.0.5", 403),
        ("::ffff:10.0.0.5", 403),
        ("fe80::1%eth0", 403),
        ("", 403),
        ("localhost", 403),
    ],
)
def test_only_this_machine(peer: str, status: int | None) -> None:
    """
    Peers that are not on a loopback address are refused, even with the token.
    """
    refusal = Control(Script(), RequestLog(), token=TOKEN).refusal(peer, TOKEN)

    assert status == (refusal.status if refusal else None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", None),
        (b"\xff", None),
        (b"[" * 200_000, None),
        (b"[]", "The body of POST /_failwell/rules is []. Send a JSON object."),
        ({"steps": [{"step": "explode"}]}, None),
        ({"steps": [{"step": "delay", "seconds": "2"}]}, "steps[0].seconds is '2'. Give seconds, 0 or more."),
    ],
)
def test_bad_body(layer: FaultLayer, content: object, message: str | None) -> None:
    """
    A body that cannot be used is a 400 that tells where and what to send.
    """
    reply = control(layer, "POST", "rules", content)

    assert (400, message or reply.json["error"]) == (reply.status, reply.json["error"])
    assert () == layer.script.pending()


def test_too_large(layer: FaultLayer) -> None:
    """
    A body above 1 MiB is a 413, announced or chunked; at 1 MiB it is read.
    """
    fits = control(layer, "POST", "rules", b" " * 1_048_576)
    announced = control(layer, "POST", "rules", b" " * 1_048_577)
    with Wire(layer) as wire:
        wire.send(f"POST /_failwell/rules HTTP/1.1\r\nHost: a\r\nX-Failwell-Token: {TOKEN}\r\n")
        wire.send("Transfer-Encoding: chunked\r\n\r\n100001\r\n")
        wire.send(b" " * 1_048_577)
        chunked, end = wire.read_to_end()

    assert [400, 413] == [fits.status, announced.status]
    assert (
        "The body is 1048577 bytes; at most 1048576 bytes are read. Send fewer rules at a time."
        == announced.json["error"]
    )
    assert (b"HTTP/1.1 413 ", "FIN") == (chunked[:13], end)


def test_unknown_places(layer: FaultLayer) -> None:
    """
    Other paths below /_failwell are a 404 of ours, and other methods a 405; nothing is passed on.
    """
    replies = [control(layer, "GET", "what"), control(layer, "PUT", "rules"), ask(layer, "GET", "/_failwell")]

    assert [404, 405, 403] == [reply.status for reply in replies]
    assert "GET, POST, DELETE" == replies[1].headers["allow"]
    assert () == layer.log.entries()
    assert 200 == ask(layer, "GET", "/_failwell_of_others").status


def test_errors(arming_layer: FaultLayer, armed: list[dict[str, object]]) -> None:
    """
    What is posted to /_failwell/errors goes to the callback, and its refusal is the answer.
    """
    replies = [control(arming_layer, "POST", "errors", content) for content in ({"error": "RateLimitError"}, {"x": 1})]

    assert [201, 400] == [reply.status for reply in replies]
    assert [{"error": "RateLimitError"}] == armed
    assert "error is missing. Give the name of an exception." == replies[1].json["error"]


def test_bug_in_the_callback(arming_layer: FaultLayer, caplog: pytest.LogCaptureFixture) -> None:
    """
    A callback that fails is a 500 and in the log of the program; the layer goes on.
    """
    reply = control(arming_layer, "POST", "errors", {"error": "Bug"})

    assert (500, "POST /_failwell/errors failed with KeyError. Look at the log of the sandbox.") == (
        reply.status,
        reply.json["error"],
    )
    assert ["failwell.sandbox"] == [record.name for record in caplog.records if record.exc_info]


def test_no_callback(layer: FaultLayer) -> None:
    """
    Without a callback there is nothing at /_failwell/errors.
    """
    reply = control(layer, "POST", "errors", {"error": "RateLimitError"})

    assert (404, "This sandbox has no errors to arm by name. Post steps to /_failwell/rules instead.") == (
        reply.status,
        reply.json["error"],
    )


def test_answers_are_json(layer: FaultLayer) -> None:
    """
    Each answer of the control endpoint says that it is JSON.
    """
    reply = control(layer, "GET", "health")

    assert ("application/json", True) == (reply.headers["content-type"], isinstance(json.loads(reply.body), dict))
