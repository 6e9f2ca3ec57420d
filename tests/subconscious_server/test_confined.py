"""Engines behind a wall: what a run asks of them costs that run its answer, and nobody else anything."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from subconscious_server import EngineAnswer, EngineDownError, NoAnswerError, Settings, Task, Thought
from subconscious_server.confined import Confined
from subconscious_server.wire import NewRun

ENGINE = '''
"""An engine that does what its instructions say."""

import os
import time
from pathlib import Path

from subconscious_server import EngineAnswer, EngineDownError, NoAnswerError, Thought
from subconscious_server.wire import ReasoningTask

HELD = []


class Obedient:
    names = ("obedient",)

    def __init__(self, settings):
        pass

    def admit(self, name):
        pass

    def think(self, task, thoughts):
        words = task.asked.input.instructions.split()
        match words[0]:
            case "pid":
                return EngineAnswer(says=str(os.getpid()))
            case "count":
                return Thought(task=ReasoningTask(title="t", thought="t", conclusion=str(len(thoughts))))
            case "print":
                print("this is no answer", flush=True)
                return EngineAnswer(says="printed", parsed={"a": [1, None]})
            case "compute":
                10 ** 10 ** 9
            case "spin":
                while True:
                    pass
            case "take":
                HELD.append(b"x" * int(words[1]))
                return EngineAnswer(says="taken")
            case "hold":
                while True:
                    HELD.append(bytearray(2**20))
            case "wait":
                while not task.is_over():
                    time.sleep(0.01)
            case "down":
                raise EngineDownError("down it is")
            case "none":
                raise NoAnswerError("none there is")
            case "break":
                raise ZeroDivisionError("in the engine")
            case "exit":
                os._exit(9)
            case "die-once" if Path(words[1]).exists():
                Path(words[1]).unlink()
                os.kill(os.getpid(), 9)
        return EngineAnswer(says="done")
'''


@pytest.fixture
def confined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Confined]:
    """The engine above, with little time and memory."""
    (tmp_path / "obedient_engine.py").write_text(ENGINE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(engine="obedient_engine:Obedient", thought_seconds=1, thought_bytes=100 * 2**20)
    confined = Confined(settings)
    yield confined
    confined.close()


def task(instructions: str, is_over: Callable[[], bool] = lambda: False) -> Task:
    """A task of these *instructions*."""
    asked = NewRun.model_validate({"engine": "obedient", "input": {"instructions": instructions}})
    return Task(asked, date(2026, 1, 1), is_over)


def said(confined: Confined, instructions: str) -> str:
    """What the engine answers."""
    answer = confined.think(task(instructions), [])
    assert isinstance(answer, EngineAnswer)
    return answer.says


def test_what_goes_through_the_wall(confined: Confined) -> None:
    """
    Thoughts and answers come through as they are; what an engine prints does not get in between.
    """
    thoughts: list[Thought] = []
    for _ in range(3):
        thought = confined.think(task("count"), thoughts)
        assert isinstance(thought, Thought)
        thoughts.append(thought)

    assert ["0", "1", "2"] == [thought.task.conclusion for thought in thoughts]
    assert EngineAnswer(says="printed", parsed={"a": [1, None]}) == confined.think(task("print"), [])
    assert ("obedient",) == confined.names


def test_one_process_for_many(confined: Confined) -> None:
    """
    A process that has answered is asked again; it is not ours.
    """
    pids = {said(confined, "pid") for _ in range(3)}

    assert 1 == len(pids)
    assert str(os.getpid()) not in pids


LIMITS: list[tuple[str, type[Exception], str]] = [
    ("compute", NoAnswerError, "A step takes more than 1 s of computing. Ask for less."),
    ("spin", NoAnswerError, "A step takes more than 1 s of computing. Ask for less."),
    ("take 200000000", NoAnswerError, "A step takes more than 100 MiB of memory. Ask for less."),
    ("hold", NoAnswerError, "A step takes more than 100 MiB of memory. Ask for less."),
    ("exit", EngineDownError, "The engine went down while the run was worked on. Start it again."),
    ("down", EngineDownError, "down it is"),
    ("none", NoAnswerError, "none there is"),
    ("break", RuntimeError, "ZeroDivisionError: in the engine"),
]


@pytest.mark.parametrize(("instructions", "kind", "message"), LIMITS)
def test_limits(confined: Confined, instructions: str, kind: type[Exception], message: str) -> None:
    """
    Whoever asks for too much gets no answer, in a sentence; the next one is answered.
    """
    with pytest.raises(kind) as refused:
        confined.think(task(instructions), [])

    assert message in str(refused.value)
    assert "taken" == said(confined, "take 1000000")


@pytest.mark.parametrize("instructions", ["wait", "spin", "compute"])
def test_nobody_waits(confined: Confined, instructions: str) -> None:
    """
    When a run is over, its engine is ended, whatever it does.
    """
    pid = int(said(confined, "pid"))
    looks = iter([False, True])

    with pytest.raises(NoAnswerError, match="Nobody waits"):
        confined.think(task(instructions, lambda: next(looks)), [])

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_killed_process(confined: Confined, tmp_path: Path) -> None:
    """
    A process that the system has killed is no reason to fail: the thought is had again, in another one.
    """
    os.kill(int(said(confined, "pid")), signal.SIGKILL)
    assert "done" == said(confined, "anything")
    (tmp_path / "dies").touch()

    assert "done" == said(confined, f"die-once {tmp_path / 'dies'}")


@pytest.mark.parametrize(
    ("instructions", "input_"),
    [
        ("What is round(1.5, 900000000)?", {}),
        ("What is round(1.5, -900000000)?", {}),
        ("What is round(pi, 10 ** 300)?", {}),
        ("What is 9 ** 9 ** 9?", {}),
        (
            "What is 1 + 1?",
            {
                "answerFormat": {
                    "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 12}},
                    "type": "object",
                    "properties": {"x": {"$ref": "#/$defs/a"}},
                    "required": ["x"],
                }
            },
        ),
        (
            "What is 1 + 1?",
            {
                "answerFormat": {
                    "$defs": {
                        "a": {"type": "object", "properties": {key: {"$ref": "#/$defs/a"} for key in "abcdefgh"}}
                    },
                    "$ref": "#/$defs/a",
                }
            },
        ),
    ],
)
def test_embedded_engine_refuses_at_once(instructions: str, input_: dict[str, Any]) -> None:
    """
    The embedded engine does not begin what it cannot end.
    """
    from subconscious_server.engine import engine_of

    asked = NewRun.model_validate({"engine": "tim", "input": {"instructions": instructions, **input_}})
    engine, begun, thoughts = engine_of(Settings()), time.process_time(), list[Thought]()
    try:
        while isinstance(thought := engine.think(Task(asked, date(2026, 1, 1)), thoughts), Thought):
            thoughts.append(thought)
    except NoAnswerError:
        pass

    assert 2 > time.process_time() - begun
