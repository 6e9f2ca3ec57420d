"""An engine behind a wall: in processes of its own, under limits of time and memory, that can be killed.

What a run asks may be more than a machine has. Here it costs that run its answer, and nobody else anything.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, Full, LifoQueue
from typing import Any

from failwell.server import limit_memory, limit_seconds
from subconscious_server.engine import EngineAnswer, EngineDownError, NoAnswerError, Task, Thought, engine_of
from subconscious_server.settings import Settings
from subconscious_server.wire import NewRun

LOOK_EVERY = 0.2
"""Seconds between two looks whether anybody still waits for a thought."""

MOST_IDLE = 2
"""Processes that are kept for the next thought."""

TRIES = 2
"""How often a thought is tried whose process died by itself: the system may have killed it for its memory."""


class Confined:
    """The engine of *settings*, which thinks in processes of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = engine_of(settings)
        self._idle: LifoQueue[_Process] = LifoQueue(MOST_IDLE)

    @property
    def names(self) -> Sequence[str]:
        """The names that a run may ask for it with."""
        return self._engine.names

    def admit(self, name: str) -> None:
        """Let a run begin. Raises: EngineDownError, EngineSlowError."""
        self._engine.admit(name)

    def think(self, task: Task, thoughts: Sequence[Thought]) -> Thought | EngineAnswer:
        """What comes after *thoughts*. Raises: EngineDownError; NoAnswerError, also when a limit ends it."""
        question = json.dumps(
            {
                "asked": task.asked.model_dump(mode="json", by_alias=True),
                "today": task.today.isoformat(),
                "thoughts": [thought.model_dump(mode="json") for thought in thoughts],
            }
        ).encode()
        for _ in range(TRIES):
            try:
                return _read(*self._ask(question, task))
            except _DiedError as problem:
                if problem.code == -signal.SIGXCPU:
                    most = self._settings.thought_seconds
                    raise NoAnswerError(f"A step takes more than {most:g} s of computing. Ask for less.") from None
        raise EngineDownError("The engine went down while the run was worked on. Start it again.")

    def _ask(self, question: bytes, task: Task) -> tuple[str, Any]:
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = _Process(self._settings)
        try:
            kind, said = json.loads(process.ask(question, task))
        except BaseException:
            process.kill()
            raise
        # What took the memory may still be there.
        if kind == "memory" or not self._keeps(process):
            process.kill()
        return kind, said

    def _keeps(self, process: _Process) -> bool:
        try:
            self._idle.put_nowait(process)
        except Full:
            return False
        return True

    def close(self) -> None:
        """End the processes that wait for the next thought."""
        while not self._idle.empty():
            self._idle.get_nowait().kill()


class _DiedError(Exception):
    """A process ended with *code* instead of an answer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Process:
    """One process, which thinks one thought at a time."""

    def __init__(self, settings: Settings) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", __name__, str(number), json.dumps(dataclasses.asdict(settings))]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.DEVNULL, pass_fds=[number]
            )

    def ask(self, question: bytes, task: Task) -> bytes:
        """The answer to *question*. Raises: _DiedError; NoAnswerError, if nobody waits for it any more."""
        try:
            self._connection.send_bytes(question)
            while not self._connection.poll(LOOK_EVERY):
                if task.is_over():
                    raise NoAnswerError("Nobody waits for the answer any more.")
            return self._connection.recv_bytes()
        except (EOFError, ConnectionError):
            raise _DiedError(self._process.wait()) from None

    def kill(self) -> None:
        """End it, whatever it does."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


def _read(kind: str, said: Any) -> Thought | EngineAnswer:
    """What a process has *said*. Raises: EngineDownError, NoAnswerError, RuntimeError."""
    match kind:
        case "thought":
            return Thought.model_validate(said)
        case "answer":
            return EngineAnswer.model_validate(said)
        case "down":
            raise EngineDownError(said)
        case "none" | "memory":
            raise NoAnswerError(said)
        case _:
            raise RuntimeError(f"The engine failed:\n{said}")


def main() -> None:
    """Think until the process that started this one is gone."""
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    settings = Settings(**json.loads(sys.argv[2]))
    engine = engine_of(settings)
    limit_memory(settings.thought_bytes)
    while True:
        try:
            question = json.loads(connection.recv_bytes())
        except EOFError:
            return
        task = Task(
            NewRun.model_validate(question["asked"]),
            date.fromisoformat(question["today"]),
            # Nothing is sent before an answer came: what can be read is the end.
            connection.poll,
        )
        limit_seconds(settings.thought_seconds)
        answer: tuple[str, object]
        try:
            said = engine.think(task, [Thought.model_validate(thought) for thought in question["thoughts"]])
            answer = ("answer" if isinstance(said, EngineAnswer) else "thought", said.model_dump(mode="json"))
        except EngineDownError as problem:
            answer = ("down", str(problem))
        except NoAnswerError as problem:
            answer = ("none", str(problem))
        except MemoryError:
            megabytes = settings.thought_bytes / 2**20
            answer = ("memory", f"A step takes more than {megabytes:g} MiB of memory. Ask for less.")
        except Exception:  # noqa: BLE001 - raised where the run is, and logged there
            answer = ("failed", traceback.format_exc())
        try:
            connection.send_bytes(json.dumps(answer).encode())
        except ConnectionError:
            return


if __name__ == "__main__":
    main()
