"""The VectorShift SDK: pipelines that are run, agents that are talked to, and knowledge bases that are asked.

    result = Pipeline.fetch(name="my-pipeline").run({"q": "..."})

Each operation has a twin that is awaited: `await Pipeline.afetch(name="my-pipeline")`. Every error is a
`VectorshiftError`; `vectorshift.exceptions` has the tree. The rest loads when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from failwell import lazy_exports
from vectorshift.exceptions import (
    ApiConnectionError,
    ApiStatusError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    KbIngestionFailed,
    KbIngestionTimeout,
    KbNotFound,
    KnowledgeBaseError,
    NotFoundError,
    PermissionDeniedError,
    PipelineRunFailedError,
    PollTimeoutError,
    RateLimitError,
    SessionDisconnectedError,
    SessionError,
    UnprocessableEntityError,
    VectorshiftApiError,
    VectorshiftError,
)

if TYPE_CHECKING:
    from vectorshift.agent import Agent
    from vectorshift.client import CLIENTS
    from vectorshift.knowledge_base import KnowledgeBase
    from vectorshift.models import IngestionTask, RetrievedChunk, RunResult, RunStatus, StreamChunk
    from vectorshift.nodes import Node
    from vectorshift.pipeline import Pipeline
    from vectorshift.runs import PipelineRun
    from vectorshift.sessions import SessionEvent

__version__ = "0.1.0"

api_key: str | None = None
"""The API key; None: that of `VECTORSHIFT_API_KEY`. Read when an object is used, as `VECTORSHIFT_BASE_URL` is."""

lazy_exports(
    __name__,
    {
        "agent": "Agent",
        "client": "CLIENTS",
        "knowledge_base": "KnowledgeBase",
        "models": "IngestionTask RetrievedChunk RunResult RunStatus StreamChunk",
        "nodes": "Node",
        "pipeline": "Pipeline",
        "runs": "PipelineRun",
        "sessions": "SessionEvent",
    },
)

__all__ = [
    "CLIENTS",
    "Agent",
    "ApiConnectionError",
    "ApiStatusError",
    "ApiTimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "IngestionTask",
    "InternalServerError",
    "KbIngestionFailed",
    "KbIngestionTimeout",
    "KbNotFound",
    "KnowledgeBase",
    "KnowledgeBaseError",
    "Node",
    "NotFoundError",
    "PermissionDeniedError",
    "Pipeline",
    "PipelineRun",
    "PipelineRunFailedError",
    "PollTimeoutError",
    "RateLimitError",
    "RetrievedChunk",
    "RunResult",
    "RunStatus",
    "SessionDisconnectedError",
    "SessionError",
    "SessionEvent",
    "StreamChunk",
    "UnprocessableEntityError",
    "VectorshiftApiError",
    "VectorshiftError",
    "api_key",
]
