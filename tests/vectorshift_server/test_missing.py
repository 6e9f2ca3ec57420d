"""What is another's is answered like what is not there: for every kind of object, and transitively."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .api import Api, error, shaped
from .talking import talked

TEXT = {"said": ("text", {"text": "Hello"}), "answer": ("output", {"value": "{{ said.text }}"})}
INGEST: dict[str, Any] = {"file_data": {"file": {"id": "{id}"}}}


def _ingestion(api: Api) -> str:
    base_id = api.post("/knowledge-base", {"name": "theirs"}, "other")["id"]
    file = {"file": {"id": api.file(b"Hello", key="other")}}
    return str(api.post(f"/knowledge-base/{base_id}/ingestions", {"file_data": file}, "other")["task_id"])


def _run(api: Api) -> str:
    return str(api.post(f"/pipeline/{api.pipeline(TEXT, 'other')}/run", {"background": True}, "other")["task_id"])


def _session(api: Api) -> str:
    made = {"type": "create_session", "object_type": "agent", "object_id": api.agent("other")}
    return str(talked(api, [made], "other")[0]["session_id"])


MADE: dict[str, Callable[[Api], str]] = {
    "pl": lambda api: api.pipeline(TEXT, "other"),
    "run": _run,
    "ag": lambda api: api.agent("other"),
    "kb": lambda api: api.base(key="other"),
    "ing": _ingestion,
    "file": lambda api: api.file(b"Hello", key="other"),
    "ses": _session,
}
"""Objects of another organisation, each by what its ids begin with."""

CALLS: list[tuple[str, int, str, str, Any]] = [
    ("pl", 404, "GET", "/pipeline?id={id}", None),
    ("pl", 404, "POST", "/update/pipeline/{id}", {"nodes": {}}),
    ("pl", 404, "PUT", "/pipeline/{id}", {"nodes": {}}),
    ("pl", 404, "DELETE", "/pipeline/{id}", None),
    ("pl", 404, "POST", "/pipeline/{id}/run", {"inputs": {}, "background": True}),
    ("pl", 404, "POST", "/pipeline/{id}/run?stream", {"inputs": {}, "stream": True}),
    ("pl", 404, "GET", "/pipeline/{id}/run/status/run_1", None),
    ("pl", 404, "POST", "/pipeline/{id}/terminate", {"run_id": "run_1"}),
    ("run", 404, "GET", "/pipeline/OURS/run/status/{id}", None),
    ("run", 404, "POST", "/pipeline/OURS/terminate", {"run_id": "{id}"}),
    ("ag", 404, "GET", "/agent?id={id}", None),
    ("ag", 404, "DELETE", "/agent/{id}", None),
    ("kb", 404, "GET", "/knowledge-base?id={id}", None),
    ("kb", 404, "DELETE", "/knowledge-base/{id}", None),
    ("kb", 404, "POST", "/knowledge-base/{id}/query", {"queries": ["Hello"]}),
    ("kb", 404, "POST", "/knowledge-base/{id}/ingestions", {"file_data": {"file": {"id": "file_1"}}}),
    ("kb", 404, "GET", "/knowledge-base/{id}/ingestions/ing_1", None),
    ("ing", 404, "GET", "/knowledge-base/BASE/ingestions/{id}", None),
    ("file", 404, "POST", "/files/", {"s3_key": "{id}"}),
    ("file", 422, "POST", "/knowledge-base/BASE/ingestions", INGEST),
]
"""Each call that names an object: of which kind, with which status it is answered."""

PER_REQUEST = frozenset({"x-request-id", "x-ratelimit-remaining", "ratelimit"})


def filled(value: Any, wanted: str) -> Any:
    """*value* with the id *wanted* where it belongs."""
    if isinstance(value, dict):
        return {name: filled(part, wanted) for name, part in value.items()}
    return value.replace("{id}", wanted) if isinstance(value, str) else value


def looked_at(api: Api, number: int, key: str, wanted: str) -> tuple[Any, int]:
    """What *key* is told of the object *wanted*, without what tells one request from another; and what is left."""
    _, _, method, path, body = CALLS[number]
    path = path.replace("OURS", str(api.get("/pipeline?name=my-pipeline")["object"]["_id"]))
    path = path.replace("BASE", str(api.get("/knowledge-base?name=handbook")["object"]["_id"]))
    more: dict[str, Any] = {} if body is None else {"json": filled(body, wanted)}
    api.statements.clear()
    answer = api.send(method, filled(path, wanted), key, **more)
    told = (
        answer.status_code,
        {name: value for name, value in answer.headers.items() if name not in PER_REQUEST},
        answer.text.replace(wanted, "ID"),
        [said.replace(wanted, "ID") for said in api.statements],
    )
    return told, int(answer.headers["x-ratelimit-remaining"])


@pytest.mark.parametrize("key", ["member", "viewer"])
@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda number: " ".join(CALLS[number][2:4]))
def test_foreign_is_missing(api: Api, number: int, key: str) -> None:
    """
    S11. Another organisation's object is answered like one that is not there, whatever the key may do.

    That is true of status, headers, body, the cost of the call, and the statements that are executed.
    """
    kind, status, *_ = CALLS[number]
    foreign, missing = MADE[kind](api), f"{kind}_{'0' * 32}"

    calls = [looked_at(api, number, key, wanted) for wanted in (foreign, missing)]

    (one, _), (other, _) = calls
    assert one == other
    # A file is named in what is written: who may only read hears that first, of any file.
    assert status == one[0] or (key == "viewer" and (kind, one[0]) == ("file", 403))
    assert 403 == one[0] or any("'ID'" in said for said in one[3])


@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda number: " ".join(CALLS[number][2:4]))
def test_cost_of_a_missing_one(api: Api, number: int) -> None:
    """
    S11. A call for a foreign object and one for a missing object cost one call each.
    """
    kind = CALLS[number][0]
    foreign, missing = MADE[kind](api), f"{kind}_{'0' * 32}"

    def left() -> int:
        return int(api.send("GET", "/pipelines").headers["x-ratelimit-remaining"])

    before = left()
    costs: list[int] = []
    for wanted in (foreign, missing):
        _, after = looked_at(api, number, "member", wanted)
        costs.append(before - after)
        before = left()
        assert after - 1 == before

    assert costs[0] == costs[1]


HEX = re.compile(r"[0-9a-f]{32}")

REFERRING: dict[str, Callable[[str], dict[str, tuple[str, dict[str, Any]]]]] = {
    "pl": lambda id_: {"x": ("pipeline", {"pipeline": id_})},
    "ag": lambda id_: {"x": ("agent", {"agent": {"object_id": id_, "object_type": "agent"}, "input": "Hello"})},
    "kb": lambda id_: {"x": ("knowledge_base", {"knowledge_base": id_, "query": "Hello"})},
}
"""Nodes that refer to an object, by what its ids begin with."""


def referring(api: Api, kind: str, wanted: str, depth: int) -> str:
    """The id of a pipeline that refers to the object *wanted*, *depth* pipelines deep."""
    pipeline_id = api.pipeline(REFERRING[kind](wanted))
    for _ in range(depth):
        pipeline_id = api.pipeline({"sub": ("pipeline", {"pipeline": pipeline_id})})
    return pipeline_id


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("kind", REFERRING)
def test_references_of_a_run(api: Api, kind: str, depth: int) -> None:
    """
    S11, transitively. A run that refers to what belongs to another organisation fails like one for what is not there.

    The error names the reference, and where in the run it stands; the statements are the same.
    """
    told: list[Any] = []
    for wanted in (MADE[kind](api), f"{kind}_{'0' * 32}"):
        pipeline_id = referring(api, kind, wanted, depth)
        api.statements.clear()
        ended = api.run(pipeline_id)
        assert ("failed", True) == (ended["status"], wanted in ended["error"])
        told.append((ended["error"].replace(wanted, "ID"), [HEX.sub("ID", said) for said in api.statements]))

    assert told[0] == told[1]
    assert told[0][0].startswith('node "sub" > ' * depth + 'node "x": There is no ')


def test_references_of_an_agent(api: Api) -> None:
    """
    S11, transitively. An agent that answers from another organisation's knowledge base fails like one without it.
    """
    told: list[str] = []
    for wanted in (api.base("Hello", key="other"), f"kb_{'0' * 32}"):
        ended = api.run(referring(api, "ag", api.agent(knowledge_bases=[wanted]), 0))
        assert wanted in ended["error"]
        told.append(ended["error"].replace(wanted, "ID"))

    assert ['node "x": There is no knowledge base "ID" in your organisation.'] * 2 == told


SAID: list[tuple[str, dict[str, Any]]] = [
    ("ag", {"type": "create_session", "object_type": "agent", "object_id": "{id}"}),
    ("ses", {"type": "connect_session", "session_id": "{id}"}),
    ("ses", {"type": "post_message", "session_id": "{id}", "content": "Hello"}),
    ("ses", {"type": "get_messages", "session_id": "{id}"}),
]


@pytest.mark.parametrize("key", ["member", "viewer"])
@pytest.mark.parametrize("number", range(len(SAID)), ids=lambda number: str(SAID[number][1]["type"]))
def test_foreign_is_missing_in_a_session(api: Api, number: int, key: str) -> None:
    """
    S11. In a websocket, too, what is another's is answered like what is not there, by the same statements.
    """
    kind, message = SAID[number]
    told: list[Any] = []
    for wanted in (MADE[kind](api), f"{kind}_{'0' * 32}"):
        api.statements.clear()
        [answer] = talked(api, [filled(message, wanted)], key)
        said = [statement.replace(wanted, "ID") for statement in api.statements]
        told.append(({name: str(value).replace(wanted, "ID") for name, value in answer.items()}, said))

    assert told[0] == told[1]
    assert told[0][0]["error"].startswith("There is no ")


def test_a_colleagues_session_is_missing(api: Api) -> None:
    """
    What a user talks about is that user's: to a colleague, and to an admin, the session is not there.
    """
    made = {"type": "create_session", "object_type": "agent", "object_id": api.agent()}
    session_id = talked(api, [made])[0]["session_id"]
    joined = {"type": "connect_session", "session_id": session_id}

    assert [True, False, False] == [
        talked(api, [joined], key)[0]["success"] for key in ("member", "colleague", "admin")
    ]


def test_lists_and_names_are_ones_own(api: Api) -> None:
    """
    No list, and no name, leads to what another organisation has.
    """
    made = [MADE[kind](api) for kind in ("pl", "ag", "kb")]

    for path, id_ in zip(("/pipelines", "/agents", "/knowledge-bases/"), made, strict=True):
        assert id_ in api.get(path, "other")["object_ids"]
        assert id_ not in api.get(path)["object_ids"]
    for path in ("/pipeline", "/agent"):
        assert 404 == api.send("GET", f"{path}?name=made").status_code


def test_scores_are_ones_own(api: Api) -> None:
    """
    S1. What others keep changes no score: each knowledge base has an index of its own.
    """
    base_id = api.base("Parcels are sent on Mondays.\n\nLetters are sent daily.\n\nThe office is open.")
    asked = {"queries": ["When are parcels sent?"]}
    before = api.post(f"/knowledge-base/{base_id}/query", asked)
    api.base("Parcels parcels parcels.\n\nSent sent sent.", key="other")

    assert before == api.post(f"/knowledge-base/{base_id}/query", asked)


OURS: list[tuple[str, str, Any]] = [
    ("DELETE", "/pipeline/{pl}", None),
    ("POST", "/update/pipeline/{pl}", {"nodes": {}}),
    ("DELETE", "/agent/{ag}", None),
    ("DELETE", "/knowledge-base/{kb}", None),
    ("POST", "/knowledge-base/{kb}/ingestions", {"file_data": {"file": {"id": "file_1"}}}),
]


@pytest.mark.parametrize(("method", "path", "body"), OURS, ids=[" ".join(each[:2]) for each in OURS])
def test_read_access_alone(api: Api, method: str, path: str, body: Any) -> None:
    """
    403 where read access exists, and no more: a viewer and a colleague are refused, an admin is not.
    """
    ids = {"pl": api.pipeline(TEXT), "ag": api.agent(), "kb": api.base()}
    asked: dict[str, Any] = {} if body is None else {"json": body}

    refused = [error(api.send(method, path.format(**ids), key, **asked)) for key in ("viewer", "colleague")]

    assert [403, 403] == [status for status, _ in refused]
    assert 'the role "viewer", which lacks the scope "write"' in refused[0][1]
    assert "of another user of your organisation" in refused[1][1]
    assert 403 != api.send(method, path.format(**ids), "admin", **asked).status_code


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pipeline", {"name": "new", "nodes": shaped(TEXT)}),
        ("/agent", {"name": "new"}),
        ("/knowledge-base", {"name": "new"}),
        ("/files/presigned-upload-url", {"file_name": "a.txt", "file_size": 5}),
        ("/pipeline/OURS/run", {"inputs": {"q": "x"}, "background": True}),
    ],
)
def test_viewers_make_nothing(api: Api, path: str, body: Any) -> None:
    """
    A key that may only read makes nothing, and runs nothing; each call of a member holds.
    """
    path = path.replace("OURS", str(api.get("/pipeline?name=my-pipeline")["object"]["_id"]))

    assert [403, 200] == [api.send("POST", path, key, json=body).status_code for key in ("viewer", "member")]
