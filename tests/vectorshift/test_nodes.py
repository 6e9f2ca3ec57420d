from __future__ import annotations

from typing import Any

import pytest

from vectorshift import Node, UnprocessableEntityError
from vectorshift.nodes import graph


def text(id: str, reads: Any) -> Node:  # noqa: A002 - what a node calls it
    """A node that reads something."""
    return Node("text", {"text": reads}, id=id)


def test_wires() -> None:
    """
    What a node reads from another one is an edge, wherever in its inputs it stands.
    """
    question = Node("input", {"input_type": "string", "description": "What to answer"}, id="question", name="q")
    prompt = text("prompt", f"Answer {question.output('text')}, and {{{{question.text}}}} again.")
    both = Node("output", {"value": {"parts": [prompt.output("text"), question.output("text")]}}, id="both", name="a")
    made = graph([both, question, prompt])

    edges = {(edge["source"], edge["target"]) for edge in made["canvas_metadata"]["edges"]}
    assert {("question", "prompt"), ("prompt", "both"), ("question", "both")} == edges
    assert {"q": {"type": "string", "description": "What to answer"}} == made["inputs"]
    assert {"a": {"type": "string", "description": ""}} == made["outputs"]


def test_what_is_kept() -> None:
    """
    What the API says of a node beside its type and its inputs is sent again as it came.
    """
    given = {"type": "llm", "name": "n", "inputs": {"prompt": "x"}, "task_name": "llm", "execution_mode": "batch"}
    node = Node.of("n1", given)

    assert {"id": "n1", "outputs": {}, **given} == node.as_json()
    assert "Node('llm', id='n1', inputs={'prompt': 'x'})" == repr(node)
    assert ("", {}) == (Node.of("n1", None).type, Node.of("n1", {"inputs": 7}).inputs)


def test_ids() -> None:
    """
    Nodes without an id are given one each, which begins with their type.
    """
    first, second = Node("text"), Node("text")

    assert first.id != second.id
    assert first.id.startswith("text_")


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            [text("question", ""), text("answer", "{{ qestion.text }}")],
            (
                'Node "answer" reads {{ qestion.text }} as "text", and no node is called "qestion". '
                'Did you mean "question"? Nothing was sent.'
            ),
        ),
        (
            [text("a", ["x", {"y": "{{zzz.text}}"}])],
            'Node "a" reads {{ zzz.text }} as "text", and no node is called "zzz". There are: a. Nothing was sent.',
        ),
        ([text("a", ""), text("a", "")], 'Two nodes have the id "a". Give one of them another. Nothing was sent.'),
        (
            [text("a", "{{ a.text }}")],
            'Nodes wait for each other: "a" reads "a". Take one of these wires out. Nothing was sent.',
        ),
        (
            [text("a", "{{ b.text }}"), text("b", "{{ c.text }}"), text("c", "{{ b.text }}"), text("d", "")],
            'Nodes wait for each other: "b" reads "c" reads "b". Take one of these wires out. Nothing was sent.',
        ),
        ([{"type": "text"}], "A node is of type dict; it must be a Node. Nothing was sent."),
    ],
)
def test_wrong_wires(nodes: list[Any], said: str) -> None:
    """
    A wire from nowhere, a circle and an id that is there twice are told in words, as an error of the server would be.
    """
    with pytest.raises(UnprocessableEntityError) as caught:
        graph(nodes)

    assert (said, 422, ()) == (caught.value.error_message, caught.value.status_code, caught.value.attempts)


def test_many_nodes() -> None:
    """
    A chain of a thousand nodes is no circle, in whatever order they are given.
    """
    chain = [text(f"n{place}", f"{{{{ n{place - 1}.text }}}}" if place else "") for place in range(1000)]

    assert 999 == len(graph(chain[::-1])["canvas_metadata"]["edges"])
