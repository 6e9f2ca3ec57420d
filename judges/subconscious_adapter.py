"""How `failwell check subconscious --adapter` drives Subconscious's published client."""

from __future__ import annotations

from typing import Any

import subconscious

SDK = f"subconscious-sdk {subconscious.__version__}"

ERRORS = {
    name: getattr(subconscious, name)
    for name in (
        "SubconsciousError",
        "ValidationError",
        "AuthenticationError",
        "NotFoundError",
        "RateLimitError",
        "RequestTooLargeError",
    )
}

INTERVAL = 1.0
"""Seconds between two looks at a run."""


def client(**settings: Any) -> subconscious.Subconscious:
    """A blocking client; there is no awaiting one. It never retries, and has no timeout that could be set."""
    if settings.get("max_retries") == 0:
        del settings["max_retries"]
    others = sorted(set(settings) - {"api_key", "base_url"})
    if others:
        raise NotImplementedError(f"it takes no {others[0]}")
    return subconscious.Subconscious(**settings)


def wait(client: Any, run_id: str, *, timeout: float = 3600.0) -> Any:
    """Wait for a run; this client counts its looks."""
    attempts = max(1, int(timeout / INTERVAL))
    return client.wait(run_id, {"interval_ms": int(INTERVAL * 1000), "max_attempts": attempts})


OPERATIONS = {
    "wait": wait,
    "stream": lambda client, engine, given: list(client.stream(engine, given)),
}
