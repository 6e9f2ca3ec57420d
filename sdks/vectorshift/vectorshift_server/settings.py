"""What the operator of a VectorShift server may decide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The model provider of one server, and its limits. Durations are seconds."""

    responder: str = "vectorshift_server.engine.responder:Embedded"
    """The class of the model provider that answers for agents, as "module:Class"; it is given these settings."""

    answer_seconds: float = 120.0
    """How long the provider may take for one answer, with all of its pieces."""

    run_wait: float = 60.0
    """How long a call that is neither in the background nor a stream waits for its run; the run goes on after that."""

    runs_at_once: int = 4
    answers_at_once: int = 4
    ingestions_at_once: int = 2
    """Jobs of each kind that are worked on at the same time; the others wait."""

    heartbeat: float = 15.0
    """After how long a stream that is silent says that it is still there."""

    message_characters: int = 100_000
    """Characters that a message in a session may have."""

    max_file_bytes: int = 20 * 1024 * 1024
    """Bytes that a file may have."""

    upload_seconds: float = 3600.0
    """How long a signed upload URL works."""
