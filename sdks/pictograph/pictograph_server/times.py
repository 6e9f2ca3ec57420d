"""Moments: where they come from, and how they travel."""

from __future__ import annotations

from datetime import UTC, datetime

from failwell.clock import WallClock as Clock

__all__ = ["Clock", "moment", "moment_or_none"]


def moment(seconds: float) -> str:
    """*seconds* since the epoch the way it travels: "2026-01-01T00:00:00.000Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_or_none(seconds: float | None) -> str | None:
    """Like `moment`, for what may not have happened yet."""
    return None if seconds is None else moment(seconds)
