"""Runs and answers in the worker process, which may be killed at any moment, and sessions over real sockets."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import vectorshift
from tests.hosts import Host, hosting, until
from vectorshift import Agent, KbIngestionFailed, KnowledgeBase, Node, Pipeline, SessionDisconnectedError
from vectorshift.sessions import AgentTalk

RESPONDER = '''
"""A model provider that notes which process asked it, and stands still until it is told to go on."""

import os
import time
from pathlib import Path

FOLDER = Path(os.environ["FOLDER_OF_A_TEST"])


class Noting:
    def __init__(self, settings):
        pass

    def answer(self, question):
        with (FOLDER / "log").open("a") as log:
            log.write(f"{os.getpid()}\\n")
        words = ["one ", "two ", "three"]
        for word in words[len(question.said.split()):]:
            yield word
            while word == "two " and not (FOLDER / "go").exists():
                time.sleep(0.01)
'''

SETTINGS = json.dumps({"responder": "responder_of_a_test:Noting"})


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with one server, which the SDK calls."""
    (tmp_path / "responder_of_a_test.py").write_text(RESPONDER)
    with hosting(tmp_path, "vectorshift", SETTINGS) as host:
        aimed(host, monkeypatch)
        yield host
        vectorshift.CLIENTS.close()


def aimed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK call the server that runs now."""
    vectorshift.CLIENTS.close()
    monkeypatch.setattr(vectorshift, "api_key", host.key)
    monkeypatch.setenv("VECTORSHIFT_BASE_URL", host.url)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "server"])
def test_a_run_survives(host: Host, monkeypatch: pytest.MonkeyPatch, victim: str) -> None:
    """
    S15. A worker, or the whole server, that is killed with -9 in the middle of a run loses nothing.

    The next one goes on with the node that it was at, after what was told of it.
    """
    pipeline = Pipeline.fetch(name="my-pipeline")
    run = pipeline.start({"q": "What?"})
    until(lambda: len(host.log) == 1)
    if victim == "worker":
        os.kill(host.log[-1], signal.SIGKILL)
    else:
        host.kill()
        aimed(host, monkeypatch)
    until(lambda: len(host.log) == 2)
    (host.folder / "go").touch()

    assert {"answer": "one two three"} == run.result(timeout=60, poll_interval=0.05).result


@pytest.mark.slow
def test_a_session_survives(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A session whose server was killed in the middle of an answer is a `SessionDisconnectedError`.

    Joined again at the next server, the same answer is told whole, each piece once.
    """
    agent = Agent.fetch(name="my-agent")
    pieces: list[str] = []
    session_id = ""

    def interrupted() -> None:
        nonlocal session_id
        with agent.session() as session:
            assert isinstance(session.handler, AgentTalk)
            session_id = session.handler.session_id or ""
            session.send("What?")
            for event in session.listen():
                pieces.extend([event.delta] if event.delta else [])
                if len(pieces) == 2:
                    host.kill()

    with pytest.raises(SessionDisconnectedError):
        interrupted()
    aimed(host, monkeypatch)
    (host.folder / "go").touch()
    again: list[str] = []
    text: str | None = None
    with agent.session(session_id) as resumed:
        for event in resumed.listen():
            again += [event.delta] if event.delta else []
            if event.is_complete:
                text = event.text
                break

    assert (["one ", "two "], ["one ", "two ", "three"], "one two three") == (pieces, again, text)


@pytest.mark.slow
def test_the_whole_way(host: Host, tmp_path: Path) -> None:
    """
    Over real sockets the SDK fills a knowledge base, which a pipeline searches; a file without text is told.
    """
    base = KnowledgeBase.new("rules")
    (tmp_path / "rules.txt").write_text("Parcels are sent on Mondays.")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    base.add_files_and_wait([tmp_path / "rules.txt"], timeout=60, poll_interval=0.05)
    with pytest.raises(KbIngestionFailed, match="is no text in UTF-8"):
        base.add_files_and_wait([tmp_path / "photo.png"], timeout=60, poll_interval=0.05)
    question = Node("input", {"input_type": "string"}, id="question", name="q")
    search = Node("knowledge_base", {"knowledge_base": base.id, "query": question.output("text")}, id="search")
    answer = Node("output", {"value": search.output("chunks")}, id="answer", name="a")

    result = Pipeline.new("search", [question, search, answer]).run({"q": "parcels"}, timeout=60, poll_interval=0.05)

    assert (host.vendor, {"a": ["Parcels are sent on Mondays."]}) == ("vectorshift", result.outputs)
