"""The runs of a Subconscious server, as its worker process does them: thought by thought."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from failwell.clock import ServerClock, SystemClock
from failwell.server import JobKind, Step, Workload
from subconscious_server.confined import Confined
from subconscious_server.engine import Engine, EngineAnswer, EngineDownError, NoAnswerError, Task, Thought
from subconscious_server.outside import OutsideError, fetch_of
from subconscious_server.runs import (
    begin_run,
    called_back,
    end_run,
    note_thought,
    row_of,
    thoughts_of,
    unfinished_runs,
)
from subconscious_server.settings import Settings
from subconscious_server.store import Store
from subconscious_server.wire import NewRun, Result, RunError, Usage, shortened, tokens

WORK = f"{__name__}:open_work"

_log = logging.getLogger(__name__)


def open_work(folder: Path, settings: dict[str, Any]) -> Workload:
    """What is to be done in *folder*, by a worker of a server with *settings*."""
    chosen = Settings(**settings)
    store = Store(folder)
    thinking = Thinking(store, store.steady(SystemClock()), chosen, Confined(chosen))
    return Workload(
        {"run": JobKind(thinking.run, chosen.workers)},
        lambda: [("run", run_id) for run_id in unfinished_runs(store)],
        thinking.give_up,
    )


class Thinking:
    """Lets *engine* work on the runs in *store*. Times are those of *clock* alone: the server may have another."""

    def __init__(self, store: Store, clock: ServerClock, settings: Settings, engine: Engine) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._engine = engine

    def run(self, step: Step, run_id: str) -> None:
        """Think until there is an answer, no time left, or nobody who waits for it."""
        step(begin_run, self._store, self._clock, run_id)
        position = 0
        while step(self.think, run_id, position):
            position += 1
        step(self.call_back, run_id)

    def think(self, run_id: str, position: int) -> bool:
        """Have the thought at *position*, or end the run; whether there are more to come."""
        row = row_of(self._store, run_id)
        if row["status"] != "running":
            return False
        asked = NewRun.model_validate_json(row["asked"])
        most = asked.options.timeout or self._settings.run_seconds
        ends_at = float(row["started_at"]) + most

        def is_late() -> bool:
            return self._clock.wall() >= ends_at

        def is_over() -> bool:
            return is_late() or row_of(self._store, run_id)["status"] != "running"

        thoughts, _ = thoughts_of(self._store, run_id)
        # Done again after a crash, this step must not see what it has kept before.
        thoughts = thoughts[:position]
        today = datetime.fromtimestamp(self._clock.wall(), UTC).date()
        problem: RunError | None = None
        said: Thought | EngineAnswer | None = None
        try:
            said = None if is_late() else self._engine.think(Task(asked, today, is_over), thoughts)
        except EngineDownError as down:
            problem = RunError(code="service_unavailable", message=str(down))
        except NoAnswerError as none:
            problem = RunError(code="invalid_request", message=str(none))
        if is_late():
            message = f"The run did not end within {most:g} s. Run it again with a longer timeout."
            end_run(self._store, run_id, "timed_out", error=RunError(code="timeout", message=message))
        elif problem is not None:
            end_run(self._store, run_id, "failed", error=problem)
        elif isinstance(said, Thought):
            self._keep(run_id, position, said, asked.options.max_step_tokens)
            return True
        elif said is not None:
            self._complete(run_id, asked, thoughts, said, row["started_at"])
        return False

    def call_back(self, run_id: str) -> None:
        """Tell the run's `callbackUrl` how it ended, if it has one: once, as far as that is in our power."""
        row = row_of(self._store, run_id)
        if row["owes_callback"]:
            url = NewRun.model_validate_json(row["asked"]).output.callback_url
            _, run = thoughts_of(self._store, run_id)
            told = run.model_dump(mode="json", exclude_none=True)
            try:
                fetch_of(allowed=self._settings.calls_out)("POST", url, json=told)
            except OutsideError as problem:
                _log.warning("The callback of run %s failed: %s", run_id, problem)
            called_back(self._store, run_id)

    def give_up(self, _kind: str, run_id: str, reason: str) -> None:
        """Fail a run that cannot be done; one that has ended stays as it is."""
        error = RunError(code="internal_error", message=f"The run was given up: {reason}. Start it again.")
        end_run(self._store, run_id, "failed", error=error)
        called_back(self._store, run_id)

    def _keep(self, run_id: str, position: int, thought: Thought, most_tokens: int | None) -> None:
        thought.task.conclusion = shortened(thought.task.conclusion, most_tokens)
        thought.says = shortened(thought.says, most_tokens)
        note_thought(self._store, run_id, position, thought)

    def _complete(
        self, run_id: str, asked: NewRun, thoughts: list[Thought], answer: EngineAnswer, started_at: float
    ) -> None:
        text = "".join(thought.says for thought in thoughts) + answer.says
        steps = [thought.task for thought in thoughts]
        usage = Usage(
            inputTokens=tokens(asked.model_dump_json(include={"input"}, exclude_defaults=True)),
            outputTokens=tokens(text, *(part for one in steps for part in (one.title, one.thought, one.conclusion))),
            durationMs=round(1000 * max(0.0, self._clock.wall() - started_at)),
        )
        result = Result(
            answer=text,
            reasoning=steps if asked.output.response_content == "full" else None,
            parsed_answer=answer.parsed,
        )
        end_run(self._store, run_id, "succeeded", result=result, usage=usage)
