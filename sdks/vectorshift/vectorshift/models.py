"""What the API answers with. Fields that it adds later are ignored."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

FAILED = frozenset({"failed", "terminated", "cancelled"})
"""The statuses of what ended without a result."""
DONE = frozenset({"completed", "success"})


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class RunStatus(_Answer):
    """How a run stands: its status is "pending", "running", "completed", "failed" or "terminated"."""

    task_id: str
    status: str
    result: dict[str, Any] | None = None
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended without a result."""
        return self.status in FAILED

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.failed or self.status in DONE


class RunResult(_Answer):
    """What a run came to: the value of each output by its name."""

    run_id: str
    outputs: dict[str, Any]


class StreamChunk(_Answer):
    """A piece of what a run comes to: *output_value* is some more of *output_name*, or all of it."""

    type: str = ""
    output_name: str = ""
    output_value: Any = None
    run_id: str = Field(default="", validation_alias=AliasChoices("run_id", "pipeline_run_id"))
    status: str = ""
    outputs: dict[str, Any] = Field(default_factory=dict)
    error: str = ""


class Done(_Answer):
    """That what was asked for is done."""

    status: str = "success"


class IngestionTask(_Answer):
    """How the ingestion of a file stands: its status is "pending", "processing", "completed" or "failed"."""

    task_id: str = Field(validation_alias=AliasChoices("task_id", "id"))
    status: str = Field(default="pending", validation_alias=AliasChoices("status", "state"))
    item_ids: list[str] = Field(default_factory=list, validation_alias=AliasChoices("item_ids", "document_ids"))
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended without a result."""
        return self.status.lower() in FAILED

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.failed or self.status.lower() in DONE


class RetrievedChunk(_Answer):
    """A passage that was found, and how well it fits."""

    text: str
    score: float = 0.0
    item_id: str = ""
    chunk_id: str = ""
