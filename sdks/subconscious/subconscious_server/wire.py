"""What travels: the body of a run, and the run as it comes back. Names are those of the wire."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticSerializationError

Object = dict[str, JsonValue]
Status = Literal["queued", "running", "succeeded", "failed", "canceled", "timed_out"]


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("This is no base64") from None
    return text


class _Strict(BaseModel):
    """An object in which an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Base64Source(BaseModel):
    """Bytes that come along."""

    kind: Literal["base64"]
    data: Annotated[str, AfterValidator(_base64)]
    mime: str


class UrlSource(BaseModel):
    """Bytes that lie elsewhere."""

    kind: Literal["url"]
    url: str
    mime: str | None = None


class BlobSource(BaseModel):
    """Bytes that were uploaded before."""

    kind: Literal["blob_ref"]
    blob_key: str
    mime: str


Source = Annotated[Base64Source | UrlSource | BlobSource, Field(discriminator="kind")]


class Text(BaseModel):
    """A text to work with."""

    type: Literal["text"]
    text: str


class Attachment(BaseModel):
    """A file, an image or a sound to work with."""

    type: Literal["image", "audio", "file"]
    source: Source
    filename: str | None = None
    mime: str | None = None


class PlatformTool(BaseModel):
    """A tool of the vendor's platform."""

    type: Literal["platform"]
    id: Annotated[str, Field(min_length=1)]
    options: Object = {}


class FunctionTool(BaseModel):
    """A tool of the caller's own, behind a URL."""

    type: Literal["function"]
    name: Annotated[str, Field(min_length=1)]
    description: str | None = None
    parameters: Object = {}
    url: str | None = None
    method: Literal["GET", "POST"] = "POST"
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0
    headers: dict[str, str] = {}
    defaults: Object = {}


class McpTool(BaseModel):
    """The tools of an MCP server."""

    type: Literal["mcp"]
    url: str
    allowed_tools: Annotated[list[str] | None, Field(alias="allowedTools")] = None
    auth: Object | None = None


Tool = Annotated[PlatformTool | FunctionTool | McpTool, Field(discriminator="type")]
Block = Annotated[Text | Attachment, Field(discriminator="type")]


class RunInput(_Strict):
    """What is to be done, and with what."""

    instructions: Annotated[str, Field(min_length=1, pattern=r"\S")]
    tools: list[Tool] = []
    content: list[Block] = []
    resources: list[str] = []
    skills: list[str] = []
    answer_format: Annotated[Object | None, Field(alias="answerFormat")] = None


class Options(_Strict):
    """Limits of one run: *timeout* in seconds, *max_step_tokens* for what one step says."""

    timeout: Annotated[float | None, Field(ge=1, le=3600)] = None
    max_step_tokens: Annotated[int | None, Field(ge=256, le=20_000)] = None


class Output(_Strict):
    """What of a run is told, and to whom besides."""

    callback_url: Annotated[str | None, Field(alias="callbackUrl")] = None
    response_content: Annotated[Literal["full", "answer_only"], Field(alias="responseContent")] = "full"


class NewRun(_Strict):
    """The body that starts a run."""

    engine: Annotated[str, Field(min_length=1, max_length=100)]
    input: RunInput
    options: Options = Options()
    output: Output = Output()

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        try:
            self.model_dump_json()
        except PydanticSerializationError:
            raise ValueError("The body has half of a character: a lone surrogate") from None
        return self


class ToolUse(BaseModel):
    """A tool that was used, and what came of it."""

    tool_name: str
    tool_call_id: str
    parameters: Object = {}
    tool_result: JsonValue = None


class ReasoningTask(BaseModel):
    """One step of the reasoning."""

    title: str
    thought: str
    tooluse: ToolUse | None = None
    subtasks: list[ReasoningTask] = []
    conclusion: str


class Result(BaseModel):
    """What a run came to. *parsed_answer* is there where an `answerFormat` was asked for."""

    answer: str
    reasoning: list[ReasoningTask] | None = None
    parsed_answer: JsonValue = None


class Usage(BaseModel):
    """What a run took. A token is counted for every 4 bytes of UTF-8, rounded up."""

    inputTokens: int  # noqa: N815 - the name on the wire
    outputTokens: int  # noqa: N815
    durationMs: int  # noqa: N815


class RunError(BaseModel):
    """Why a run failed: a *code* of the table of errors, and a sentence."""

    code: str
    message: str


class Run(BaseModel):
    """A run as it travels."""

    runId: str  # noqa: N815
    status: Status
    result: Result | None = None
    usage: Usage | None = None
    error: RunError | None = None


def tokens(*texts: str) -> int:
    """How many tokens *texts* count as."""
    return sum(-(-len(text.encode()) // 4) for text in texts)


def shortened(text: str, most_tokens: int | None) -> str:
    """*text*, cut to *most_tokens*."""
    if most_tokens is None or tokens(text) <= most_tokens:
        return text
    return text.encode()[: 4 * most_tokens - 3].decode(errors="ignore") + "…"
