"""The README of the VectorShift SDK: its code runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest

from failwell.testing import replies
from tests.vectorshift.talk_server import talking
from vectorshift import CLIENTS, Agent

README = (Path(__file__).parents[2] / "sdks" / "vectorshift" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
FOUND = {"object": {"_id": "p1", "name": "my-pipeline"}}
STARTED = {"task_id": "t1"}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and no other address."""
    monkeypatch.setenv("VECTORSHIFT_API_KEY", "vs-x")
    monkeypatch.delenv("VECTORSHIFT_BASE_URL", raising=False)


def run(words: str) -> dict[str, Any]:
    """The names that the one code block with these *words* defines."""
    (block,) = (block for block in BLOCKS if words in block)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own README
    return names


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([FOUND, STARTED, {"task_id": "t1", "status": "completed", "result": {"answer": "42"}}], "42"),
        ([FOUND, STARTED, {"task_id": "t1", "status": "failed", "error": "node 3"}], "run t1 failed: node 3"),
        ([FOUND, STARTED, {"task_id": "t1", "status": "running"}], "run t1 goes on"),
        ([FOUND, 404], "404 from POST /pipeline/p1/run: 404 Not Found, without a readable message"),
    ],
)
def test_answer(answers: list[Any], said: str) -> None:
    """
    The README's function ends in each of its ways.
    """
    answer = run("def answer(question: str)")["answer"]
    *first, last = answers
    with replies(CLIENTS.blocking, *first, then=last):
        assert said == answer("What?")


def test_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The README's talk is one.
    """
    talk = run("async def talk")["talk"]

    async def main() -> Any:
        said = await talk(Agent("a1"))
        await CLIENTS.aclose()
        return said

    with talking() as server:
        monkeypatch.setenv("VECTORSHIFT_BASE_URL", server.url)
        assert "hi" == anyio.run(main)


@pytest.mark.parametrize(
    ("status", "said"), [("completed", ["On Mondays."]), ("failed", ["i1: the server did not say why"])]
)
def test_passages(tmp_path: Path, status: str, said: list[str]) -> None:
    """
    The README's knowledge base is filled and asked.
    """
    (tmp_path / "parcels.txt").write_text("On Mondays.")
    target = {"presigned_url": "https://storage.example/put", "s3_key": "k/1"}
    ingested = [{"id": "k1"}, target, None, {"file_id": "f1"}, {"task_id": "i1"}, {"task_id": "i1", "status": status}]
    found = [{"chunks": [{"text": "On Mondays."}]}] if status == "completed" else []
    with replies(CLIENTS.blocking, *ingested, *found):
        assert said == run("def passages")["passages"](str(tmp_path / "parcels.txt"), "When?")


def test_wires(capsys: pytest.CaptureFixture[str]) -> None:
    """
    The README's wire from nowhere is told.
    """
    run("question.output")

    assert "no node is called" in capsys.readouterr().out


def test_parrot() -> None:
    """
    The README's provider says again what it is asked, from where it was cut; of nothing it says that it is down.
    """
    from vectorshift_server import Question, ResponderDownError

    parrot = run("class Parrot")["Parrot"](None)

    assert ["Hello", "lo"] == [
        *parrot.answer(Question(text="Hello")),
        *parrot.answer(Question(text="Hello", said="Hel")),
    ]
    with pytest.raises(ResponderDownError):
        list(parrot.answer(Question(text="")))
