"""What a framework does otherwise than the others in a situation, and why that is left to it."""

from __future__ import annotations

from dataclasses import dataclass

from .situations import Ask


@dataclass(frozen=True)
class Difference:
    """Why a framework answers otherwise, and what is asked and answered *instead*; nothing, if it cannot come there."""

    reason: str
    instead: list[Ask]


DIFFERENCES: dict[str, dict[str, Difference]] = {
    "starlette": {
        "its 422, a field is wrong": Difference("Starlette checks no fields.", []),
        "its 422, no JSON": Difference("Starlette reads no body by itself.", []),
    },
    "fastapi": {},
}
