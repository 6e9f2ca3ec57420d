"""What the operator of a Subconscious server may decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The engine of one server, and its limits. Durations are seconds."""

    engine: str = "subconscious_server.embedded:Embedded"
    """The class of the engine, as "module:Class"; it is given these settings."""

    engine_state: Literal["up", "down", "slow"] = "up"
    """How the embedded engine is: "down" is a 503 and "slow" a 504 for every new run; accepted ones fail."""

    run_seconds: float = 600.0
    """How long a run may take that says no `options.timeout`."""

    thought_seconds: float = 10.0
    """How long the engine may compute for one thought; waiting for others is not counted."""

    thought_bytes: int = 512 * 1024 * 1024
    """How much memory the engine may take for its thoughts, beside what it is itself."""

    workers: int = 8
    """Runs that are worked on at the same time; the others wait as "queued"."""

    heartbeat: float = 15.0
    """After how long a stream that is silent says that it is still there."""

    calls_out: bool = False
    """Whether runs may make this server call other servers: function tools, `callbackUrl` and files at URLs.

    It can then be made to ask servers that only it can reach. Allow it where there are none.
    """
