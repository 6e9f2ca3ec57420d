"""Runs: what nodes come to, which inputs are taken, and how runs end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from failwell.wire.sse import Decoder
from vectorshift_server.runs.running import DEEPEST

from .api import Api, error, forget_answers
from .test_graph import Q, clause

SHOUT: dict[str, Any] = {
    "q": Q,
    "t": ("text", {"text": "{{ q.text }}! {{ q.text }}!"}),
    "a": ("output", {"value": "{{ t.text }}"}),
}


def test_text(api: Api) -> None:
    """
    A template is filled with what other nodes give, and an output is what it reads.
    """
    ended = api.run(api.pipeline(SHOUT), {"q": "Hey"})

    assert ("completed", {"a": "Hey! Hey!"}) == (ended["status"], ended["result"])


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "ä", "ä"),
        ("int32", 7, "7"),
        ("float", 0.5, "0.5"),
        ("float", 2, "2"),
        ("bool", True, "true"),
        ("vec<string>", ["a", "b"], "a\n\nb"),
        ("json", {"a": [1]}, '{"a": [1]}'),
    ],
)
def test_types_of_inputs(api: Api, kind: str, value: Any, text: str) -> None:
    """
    A wire that is alone carries the value as it is; inside of a text it is written out.
    """
    pipeline_id = api.pipeline(
        {
            "n": ("input", {"input_type": kind}),
            "t": ("text", {"text": "{{ n.value }}"}),
            "same": ("output", {"value": "{{ n.value }}"}),
            "text": ("output", {"value": "{{ t.text }}"}),
        }
    )

    assert {"same": value, "text": text} == api.run(pipeline_id, {"n": value})["result"]


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        ("string", {}, 'The input "n" is missing. Send it as a value of the type string.'),
        ("string", {"n": 5}, 'The input "n" is a int. Send it as a value of the type string.'),
        ("int32", {"n": "5"}, "a value of the type int32"),
        ("int32", {"n": True}, "a value of the type int32"),
        ("int32", {"n": 2**31}, "a value of the type int32"),
        ("float", {"n": "x"}, "a value of the type float"),
        ("bool", {"n": 1}, "a value of the type bool"),
        ("vec<string>", {"n": [1]}, "a value of the type vec<string>"),
        ("string", {"n": "x", "m": "y"}, 'The pipeline has no input "m". There are: n.'),
    ],
)
def test_inputs_that_do_not_fit(api: Api, kind: str, inputs: Any, said: str) -> None:
    """
    A run whose inputs do not fit is a 400 that names the input, and is never started.
    """
    pipeline_id = api.pipeline({"n": ("input", {"input_type": kind})})

    for how in ({}, {"background": True}, {"stream": True}):
        status, words = error(api.send("POST", f"/pipeline/{pipeline_id}/run", json={"inputs": inputs, **how}))
        assert (400, True) == (status, said in words), words
    assert 0 == api.jobs.nudges


def test_default_values(api: Api) -> None:
    """
    An input that is not sent has its default, unless its node says that it is not used.
    """
    made: dict[str, Any] = {"input_type": "int32", "default_value": 3}
    ids = [
        api.pipeline({"n": ("input", {**made, **more}), "a": ("output", {"value": "{{ n.int32 }}"})})
        for more in ({}, {"use_default_value": False})
    ]

    assert {"a": 3} == api.run(ids[0])["result"]
    status, words = error(api.send("POST", f"/pipeline/{ids[1]}/run", json={}))
    assert (400, True) == (status, 'The input "n" is missing.' in words)


TAKEN: list[tuple[str, tuple[Any, ...], bool]] = [
    ("Equal", ("a", "a"), True),
    ("Equal", (5, "5"), True),
    ("NotEqual", ("a", "b"), True),
    ("GreaterThan", ("10", 9), True),
    ("LessThan", (1.5, "2"), True),
    ("GreaterThanEqual", (2, 2), True),
    ("LessThanEqual", (3, 2), False),
    ("TextContains", ("a needle b", "needle"), True),
    ("TextDoesNotContains", ("a", "needle"), True),
    ("TextStartsWith", ("abc", "ab"), True),
    ("TextDoesNotStartWith", ("abc", "ab"), False),
    ("TextEndsWith", ("abc", "bc"), True),
    ("TextDoesNotEndWith", ("abc", "bc"), False),
    ("TextGreaterThanNCharacters", ("abc", 2), True),
    ("TextLessThanNCharacters", ("abc", "3"), False),
    ("IsEmpty", ("",), True),
    ("IsEmpty", (0,), False),
    ("IsNotEmpty", ([],), False),
    ("IsTrue", (True,), True),
    ("IsTrue", ("True",), True),
    ("IsFalse", ("no",), True),
    ("VecContainsItem", (["a"], "a"), True),
    ("VecDoesNotContainsItem", (["a"], "a"), False),
    ("MapContainsKey", ({"a": 1}, "a"), True),
]


@pytest.mark.parametrize(("operator", "operands", "held"), TAKEN, ids=[f"{one} {two}" for one, two, _ in TAKEN])
def test_conditions(api: Api, operator: str, operands: tuple[Any, ...], held: bool) -> None:
    """
    The path of a condition that holds is taken, and no other: what hangs on another one is not run.
    """
    nodes: dict[str, Any] = {
        "v": ("input", {"input_type": "json"}),
        "c": ("condition", {"conditions": [clause(operator, "{{ v.value }}", *operands[1:])]}),
        "yes": ("text", {"text": "yes", "dependencies": ["{{ c.path_0 }}"]}),
        "no": ("text", {"text": "no", "dependencies": ["{{ c.path_else }}"]}),
        "y": ("output", {"value": "{{ yes.text }}"}),
        "n": ("output", {"value": "{{ no.text }}"}),
    }

    assert ({"y": "yes"} if held else {"n": "no"}) == api.run(api.pipeline(nodes), {"v": operands[0]})["result"]


@pytest.mark.parametrize(
    ("joined", "path"), [(["AND", "OR"], "path_0"), (["AND", "AND"], "path_1"), ([], "path_1")], ids=str
)
def test_joined_terms(api: Api, joined: list[str], path: str) -> None:
    """
    Terms are joined from the left to the right; the first group that holds decides.
    """
    terms = [{"operator": "IsTrue", "operand1": each} for each in (True, False, True)]
    groups = [{"terms": terms, "operators": joined}, clause("IsTrue", True)]
    nodes: dict[str, Any] = {"c": ("condition", {"conditions": groups})}
    for name in ("path_0", "path_1"):
        nodes[f"t_{name}"] = ("text", {"text": name, "dependencies": [f"{{{{ c.{name} }}}}"]})
        nodes[name] = ("output", {"value": f"{{{{ t_{name}.text }}}}"})

    assert {path: path} == api.run(api.pipeline(nodes))["result"]


def test_sub_pipelines(api: Api) -> None:
    """
    A node runs another pipeline with what it was given; a field that has no output is told.
    """
    inner = api.pipeline(SHOUT)
    outer: dict[str, Any] = {
        "q": Q,
        "sub": ("pipeline", {"pipeline": {"object_id": inner}, "q": "{{ q.text }}"}),
        "out": ("output", {"value": "<{{ sub.a }}>"}),
    }
    wrong = {**outer, "out": ("output", {"value": "{{ sub.b }}"})}
    bare = {"sub": ("pipeline", {"pipeline": inner})}

    assert {"out": "<Hey! Hey!>"} == api.run(api.pipeline(outer), {"q": "Hey"})["result"]
    assert (
        'node "out": The node "sub" gives no "b". It gives: "a".' == api.run(api.pipeline(wrong), {"q": "x"})["error"]
    )
    said = 'node "sub": The sub-pipeline needs the input "q" as a value of the type string.'
    assert said == api.run(api.pipeline(bare))["error"]


def test_pipelines_that_run_themselves(api: Api) -> None:
    """
    A pipeline that runs itself, by whatever way, and one that stands too deep, fail instead of never ending.
    """
    itself = api.pipeline({"q": Q})
    api.post(f"/update/pipeline/{itself}", {"nodes": _sub(api.pipeline(_nodes(itself)))})
    deep = api.pipeline({"t": ("text", {"text": "x"})})
    for _ in range(DEEPEST + 1):
        deep = api.pipeline(_nodes(deep))

    for pipeline_id in (itself, deep):
        ended = api.run(pipeline_id)
        assert ("failed", True) == (
            ended["status"],
            "runs itself, or stands more than 8 pipelines deep" in ended["error"],
        )


def _nodes(pipeline_id: str) -> dict[str, Any]:
    return {"sub": ("pipeline", {"pipeline": pipeline_id})}


def _sub(pipeline_id: str) -> dict[str, Any]:
    return {"sub": {"id": "sub", "type": "pipeline", "inputs": {"pipeline": pipeline_id}}}


def test_agents_and_searches(api: Api) -> None:
    """
    An agent answers from its knowledge bases, and a search gives passages, their text and their documents.
    """
    base_id = api.base("Parcels are sent on Mondays.\n\nThe office is open.")
    nodes = {
        "q": Q,
        "agent": ("agent", {"agent": api.agent(knowledge_bases=[base_id]), "input": "{{ q.text }}"}),
        "k": ("knowledge_base", {"knowledge_base": base_id, "query": "{{ q.text }}", "top_k": 1}),
        "said": ("output", {"value": "{{ agent.response }}"}),
        "chunks": ("output", {"value": "{{ k.chunks }}"}),
        "text": ("output", {"value": "{{ k.formatted_text }}"}),
        "from": ("output", {"value": "{{ k.citation_metadata }}"}),
    }

    assert {
        "said": '"Parcels are sent on Mondays." (0.txt)',
        "chunks": ["Parcels are sent on Mondays."],
        "text": "Parcels are sent on Mondays. (0.txt)",
        "from": ["0.txt"],
    } == api.run(api.pipeline(nodes), {"q": "When are parcels sent?"})["result"]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ({"a": ("agent", {"agent": "AGENT", "input": "responder-down"})}, "The model provider is down."),
        ({"k": ("knowledge_base", {"knowledge_base": "BASE", "query": "x", "top_k": 0})}, '"top_k" is 0, and must be'),
        ({"c": ("condition", {"conditions": [clause("LessThan", "x", 1)]})}, '"x" is no number'),
    ],
)
def test_nodes_that_fail(api: Api, nodes: Any, said: str) -> None:
    """
    A run whose node cannot do its work fails with an error that names the node, and says why.
    """
    known = {"AGENT": api.agent(), "BASE": api.base()}
    nodes = {
        id_: (kind, {name: known.get(str(value), value) for name, value in inputs.items()})
        for id_, (kind, inputs) in nodes.items()
    }

    ended = api.run(api.pipeline(nodes))

    assert ("failed", True, True) == (
        ended["status"],
        ended["error"].startswith(f'node "{min(nodes)}": '),
        said in ended["error"],
    )


def test_texts_that_grow(api: Api) -> None:
    """
    A text that has itself twice, and that twice again, and so on, fails its run before it has no room anywhere.
    """
    nodes: dict[str, Any] = {"n0": ("text", {"text": "ha"})}
    for number in range(1, 100):
        nodes[f"n{number}"] = ("text", {"text": f"{{{{ n{number - 1}.text }}}}{{{{ n{number - 1}.text }}}}"})
    ended = api.run(api.pipeline(nodes))

    assert ("failed", True) == (ended["status"], "a text of more than 2,000,000 characters" in ended["error"])


def test_lists_that_grow(api: Api) -> None:
    """
    The same is true of lists, which are small until somebody writes them down.
    """
    twice = api.pipeline({"v": ("input", {"input_type": "json"}), "o": ("output", {"value": ["{{ v.value }}"] * 2})})
    nodes: dict[str, Any] = {"s0": ("pipeline", {"pipeline": twice, "v": "ha"})}
    for number in range(1, 60):
        nodes[f"s{number}"] = ("pipeline", {"pipeline": twice, "v": f"{{{{ s{number - 1}.o }}}}"})
    ended = api.run(api.pipeline({**nodes, "o": ("output", {"value": "{{ s59.o }}"})}))

    assert ("failed", True) == (ended["status"], "more than 100,000 values" in ended["error"])


# What the JSON decoder gives up on is refused before anybody looks at its shape.
@pytest.mark.parametrize(
    ("value", "status"), [(b"NaN", 400), (b"[Infinity]", 400), (b'"\\ud800"', 400), (b"1" * 5000, 422)]
)
def test_inputs_that_no_json_is(api: Api, value: bytes, status: int) -> None:
    """
    An input that could not be told again is refused, and no run is started.
    """
    path = f"/pipeline/{api.pipeline({'n': ('input', {'input_type': 'json'})})}/run"
    body = b'{"background": true, "inputs": {"n": ' + value + b"}}"
    answer = api.send("POST", path, content=body, headers={"Content-Type": "application/json"})

    assert (status, 0) == (answer.status_code, api.jobs.nudges), answer.text


def test_terminated(api: Api) -> None:
    """
    A run that was terminated is not run any more, and stays so; one that has ended stays as it is.
    """
    pipeline_id = api.pipeline(SHOUT)
    task_id = api.post(f"/pipeline/{pipeline_id}/run", {"inputs": {"q": "x"}, "background": True})["task_id"]
    assert {"status": "success"} == api.post(f"/pipeline/{pipeline_id}/terminate", {"run_id": task_id})
    api.work()
    done = api.run(pipeline_id, {"q": "x"})
    api.post(f"/pipeline/{pipeline_id}/terminate", {"run_id": done["task_id"]})

    assert "terminated" == api.get(f"/pipeline/{pipeline_id}/run/status/{task_id}")["status"]
    assert done == api.get(f"/pipeline/{pipeline_id}/run/status/{done['task_id']}")


def test_a_run_keeps_its_nodes(api: Api) -> None:
    """
    A run is one of the nodes as they were when it was started; with its pipeline it is gone.
    """
    pipeline_id = api.pipeline(SHOUT)
    task_id = api.post(f"/pipeline/{pipeline_id}/run", {"inputs": {"q": "x"}, "background": True})["task_id"]
    api.post(f"/update/pipeline/{pipeline_id}", {"nodes": {}})
    api.work()
    assert {"a": "x! x!"} == api.get(f"/pipeline/{pipeline_id}/run/status/{task_id}")["result"]

    api.send("DELETE", f"/pipeline/{pipeline_id}")
    assert 404 == api.send("GET", f"/pipeline/{pipeline_id}/run/status/{task_id}").status_code


def test_runs_of_another_pipeline(api: Api) -> None:
    """
    A run is found at its pipeline, and at no other.
    """
    ended = api.run(api.pipeline(SHOUT), {"q": "x"})

    assert 404 == api.send("GET", f"/pipeline/{api.pipeline(SHOUT)}/run/status/{ended['task_id']}").status_code


@pytest.mark.parametrize(("name", "end"), [("my-pipeline", "completed"), ("failing-pipeline", "failed")])
def test_stream(api: Api, name: str, end: str) -> None:
    """
    A stream tells the answer of an agent piece by piece, and ends with what the run came to, or why it failed.
    """
    pipeline_id = api.get(f"/pipeline?name={name}")["object"]["_id"]
    api.jobs.nudge = api.work  # type: ignore[method-assign]  # the job is done before the first look

    answer = api.send("POST", f"/pipeline/{pipeline_id}/run", json={"inputs": {"q": "parcels"}, "stream": True})
    events = [(event.name, json.loads(event.data)) for event in Decoder().feed(answer.content)]

    *pieces, (kind, last) = events
    assert {"output"} >= {kind for kind, _ in pieces}
    assert (end, {last["run_id"]}) == (last["status"], {told["run_id"] for _, told in events})
    if end == "failed":
        assert ("error", True, 0) == (kind, 'node "agent"' in last["error"], len(pieces))
    else:
        assert "end" == kind
        assert last["outputs"] == {"answer": "".join(told["output_value"] for _, told in pieces)}
        assert len(pieces) > 5


def test_waited_for(api: Api) -> None:
    """
    A run that is neither in the background nor a stream is answered when it has ended; a failed one is a 422.
    """
    api.jobs.nudge = api.work  # type: ignore[method-assign]  # the same

    done = api.post(f"/pipeline/{api.pipeline(SHOUT)}/run", {"inputs": {"q": "x"}})
    failing = api.get("/pipeline?name=failing-pipeline")["object"]["_id"]
    status, words = error(api.send("POST", f"/pipeline/{failing}/run", json={"inputs": {"q": "x"}}))

    assert ({"a": "x! x!"}, True) == (done["outputs"], done["run_id"].startswith("run_"))
    assert (422, True) == (status, 'failed: node "agent": The model provider is down.' in words)


def test_repeated_with_its_key(api: Api) -> None:
    """
    S15. A run that is started twice with one idempotency key is one run, even if the first answer was lost.
    """
    path = f"/pipeline/{api.pipeline(SHOUT)}/run"
    body = {"inputs": {"q": "x"}, "background": True}

    runs = {api.post(path, body, Idempotency_Key="k1")["task_id"] for _ in range(2)}
    forget_answers(api)
    runs.add(api.post(path, body, Idempotency_Key="k1")["task_id"])

    assert 1 == len(runs)
