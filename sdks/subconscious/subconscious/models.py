"""What the API answers with. Fields that it adds later are ignored."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from failwell.wire import Reply, parse_reply
from subconscious.exceptions import CATALOGUE

FINAL = frozenset({"succeeded", "failed", "canceled", "timed_out"})
"""The statuses that a run ends with."""
WITHOUT_WORDS = {
    "failed": ("internal_error", "it failed, and the server did not say why"),
    "canceled": ("internal_error", "it was canceled"),
    "timed_out": ("timeout", "it did not end within the `timeout` of its options"),
}
"""The code and the words for a run without a result, where it has no error of its own."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True, alias_generator=to_camel)


class AgentToolUse(_Answer):
    """A tool that was used in a step."""

    model_config = ConfigDict(alias_generator=None)

    tool_name: str
    tool_call_id: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    tool_result: Any = None


class ReasoningTask(_Answer):
    """A step of the reasoning, with the steps below it."""

    title: str | None = None
    thought: str | None = None
    tooluse: AgentToolUse | None = None
    subtasks: list[ReasoningTask] | None = None
    conclusion: str | None = None


class RunResult(_Answer):
    """What a run came to."""

    model_config = ConfigDict(alias_generator=None)

    answer: str = ""
    reasoning: list[ReasoningTask] | None = None
    parsed_answer: Any = None


class Usage(_Answer):
    """What a run took."""

    input_tokens: int = 0
    output_tokens: int = 0
    duration_ms: int | None = None


class RunError(_Answer):
    """Why a run failed that had been accepted."""

    code: str = ""
    message: str = ""


class Run(_Answer):
    """A run: what is known of it so far.

    *status* is queued, running, succeeded, failed, canceled or timed_out; None right after it was accepted, where the
    server does not say.
    """

    run_id: str
    status: str | None = None
    result: RunResult | None = None
    usage: Usage | None = None
    error: RunError | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL

    def raise_on_failure(self) -> Run:
        """This run, unless it ended without success.

        Raises:
            SubconsciousError: it failed, was canceled or timed out. The code of `error` chooses the class, as that of
                an error in a stream does; one that the page does not have is in `e.body_code`. `e.run_id` names
                the run.
        """
        if self.status not in WITHOUT_WORDS:
            return self
        code, words = WITHOUT_WORDS[self.status]
        told = self.error or RunError()
        message = f"Run {self.run_id} has no result: {told.message or words}"
        body = json.dumps({"error": {"code": told.code or code, "message": message}}).encode()
        error = parse_reply(Reply(0, {}, body), CATALOGUE, operation="wait", source="job")
        error.effect = "done"  # the run had begun
        error.run_id = self.run_id  # type: ignore[attr-defined]  # every error of the catalogue has one
        raise error
