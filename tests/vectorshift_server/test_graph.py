"""Which pipelines can be saved, and what is said of those that cannot."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api, error, forget_answers, shaped

Q: tuple[str, dict[str, Any]] = ("input", {"input_type": "string"})


def clause(operator: str, *operands: Any) -> dict[str, Any]:
    """A condition of one term."""
    names = ("operand1", "operand2")
    return {"terms": [{"operator": operator, **dict(zip(names, operands, strict=False))}], "operators": []}


WRONG: list[tuple[int, dict[str, Any], str]] = [
    (422, {"t": ("text", {"text": "{{ qq.text }}"}), "q": Q}, 'no node is called "qq". Did you mean "q"?'),
    (422, {"t": ("text", {"text": ["{{ q.txt }}"]}), "q": Q}, 'gives no "txt". Did you mean "text"?'),
    (422, {"o": ("output", {"value": {"deep": "{{ nobody.text }}"}})}, "There are: o."),
    (422, {"a": ("text", {"text": "{{ b.text }}"}), "b": ("text", {"text": "{{ a.text }}"})}, "wait for each other"),
    (422, {"a": ("text", {"text": "{{ a.text }}"})}, 'wait for each other: "a" reads "a".'),
    (422, {"a": ("llm", {"prompt": "x"})}, 'is of the type "llm". This server runs: input, text'),
    (422, {"a": ("text", {})}, 'has no "text", which a node of the type "text" needs'),
    (422, {"a": ("agent", {"agent": {}})}, 'The "agent" of the node "a" is no id'),
    (422, {"a": ("pipeline", {"pipeline": 5})}, 'The "pipeline" of the node "a" is no id'),
    (422, {"q": Q, "k": ("knowledge_base", {"knowledge_base": "kb_{{ q.text }}", "query": "x"})}, "a part of an id"),
    (422, {"c": ("condition", {"conditions": [clause("Is", 1)]})}, 'the operator "Is" is not known'),
    (422, {"c": ("condition", {"conditions": [clause("Equal", 1)]})}, 'has no "operand2"'),
    (422, {"c": ("condition", {"conditions": [{"terms": []}]})}, 'a group has no "terms"'),
    (422, {"c": ("condition", {"conditions": "x"})}, "no list of groups"),
    (422, {"c": ("condition", {"conditions": [{**clause("IsTrue", 1), "operators": ["XOR"]}]})}, "each AND or OR"),
    (
        422,
        {"c": ("condition", {"conditions": [clause("IsTrue", 1)]}), "t": ("text", {"text": "{{ c.path_1 }}"})},
        'gives no "path_1". Did you mean "path_0"?',
    ),
    (400, {"q": ("input", {"input_type": "audio"})}, 'The input_type "audio" of the node "q" is not supported. Use'),
    (400, {"q": ("input", {"input_type": ["string"]})}, "is not supported"),
    (400, {"no id": ("text", {"text": "x"})}, "String should match pattern"),
]


@pytest.mark.parametrize(("status", "nodes", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_cannot_be_saved(api: Api, status: int, nodes: dict[str, Any], said: str) -> None:
    """
    A pipeline that cannot work is refused when it is made and when it is saved, with the reason; nothing is kept of it.
    """
    pipeline_id = api.pipeline({"q": Q})
    before = api.get(f"/pipeline?id={pipeline_id}"), api.get("/pipelines")

    answers = [
        api.send("POST", "/pipeline", json={"name": "wrong", "nodes": shaped(nodes)}),
        api.send("POST", f"/update/pipeline/{pipeline_id}", json={"nodes": shaped(nodes)}),
    ]

    assert [status, status] == [answer.status_code for answer in answers]
    assert all(said in error(answer)[1] for answer in answers), answers[0].text
    assert before == (api.get(f"/pipeline?id={pipeline_id}"), api.get("/pipelines"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "valid dictionary"),
        (b'{"nodes": {}}', "name"),
        (b'{"name": " ", "nodes": {}}', "must not be blank"),
        (b'{"name": "x", "nodes": []}', "nodes"),
        (b'{"name": "x", "nodes": {"a": {"id": "a"}}}', "type"),
        (b'{"name": "\\ud800", "nodes": {}}', "name"),
        (b'{"name": "x", "nodes": {"a": {"id": "a", "type": "text", "inputs": {"text": "\\ud800"}}}}', "half of a"),
        (b'{"name": "x", "nodes": {"a": {"id": "a", "type": "text", "inputs": {"text": NaN}}}}', "NaN"),
        (b'{"name": "x", "nodes": {"a": {"id": "a", "type": "text", "more": [Infinity]}}}', "an infinity"),
        (b'{"name": "x", "nodes": {"a": {"id": "b", "type": "text"}}}', 'The node at "a" has the id "b"'),
    ],
)
def test_malformed_bodies(api: Api, body: bytes, said: str) -> None:
    """
    A body of another shape is a 400 in words; the 422 is for what has the shape and makes no sense.
    """
    status, words = error(api.send("POST", "/pipeline", content=body, headers={"Content-Type": "application/json"}))

    assert (422 if "The node at" in said else 400, True) == (status, said in words), words


@pytest.mark.parametrize("kind", ["input", "output"])
def test_names_are_different(api: Api, kind: str) -> None:
    """
    Two inputs, or two outputs, of one name are refused: a caller could not tell them apart.
    """
    nodes = shaped({id_: (kind, {"value": "x"}) for id_ in ("a", "b")})
    for node in nodes.values():
        node["name"] = "same"

    answer = api.send("POST", "/pipeline", json={"name": "wrong", "nodes": nodes})

    assert (422, f'The nodes "a" and "b" are both the {kind} "same". Rename one.') == error(answer)


def test_most_nodes(api: Api) -> None:
    """
    A pipeline has 500 nodes at most.
    """
    nodes = shaped({f"n{number}": ("text", {"text": "x"}) for number in range(501)})

    assert (422, True) == (
        (answer := api.send("POST", "/pipeline", json={"name": "large", "nodes": nodes})).status_code,
        "The pipeline has 501 nodes, and may have 500." in answer.text,
    )


def test_kept_as_it_came(api: Api) -> None:
    """
    A pipeline is fetched as it was saved, with what else was said of its nodes, by its id, or by its name the newest.
    """
    nodes = shaped({"q": Q})
    nodes["q"]["canvas"] = {"x": 1}
    made = [api.post("/pipeline", {"name": "kept", "nodes": nodes})["id"] for _ in range(2)]

    found = api.get("/pipeline?name=kept")["object"]

    assert (made[1], nodes, True) == (found["_id"], found["nodes"], found["mainBranch"].startswith("br_"))
    assert (400, "A pipeline is fetched by its id or its name, and neither was sent.") == error(
        api.send("GET", "/pipeline")
    )


def test_repeated_with_its_key(api: Api) -> None:
    """
    What is made twice with one idempotency key is made once, even if the first answer was lost.
    """
    for path in ("/pipeline", "/agent", "/knowledge-base"):
        made = [api.post(path, {"name": "once"}, Idempotency_Key="k1")["id"]]
        forget_answers(api)
        made.append(api.post(path, {"name": "once"}, Idempotency_Key="k1")["id"])
        forget_answers(api)
        other = api.send("POST", path, json={"name": "other"}, headers={"Idempotency-Key": "k1"})
        assert (1, 409) == (len({*made}), other.status_code)
