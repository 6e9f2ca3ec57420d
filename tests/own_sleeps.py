"""Sleeps that take no time, those of this thread noted: other threads of the process have servers to run."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest


def noted_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that this thread asks `time.sleep` for from now on; it does not sleep."""
    seconds: list[float] = []
    own, sleeping = threading.get_ident(), time.sleep

    def sleep(delay: float) -> None:
        if threading.get_ident() == own:
            seconds.append(delay)
        else:
            sleeping(delay)

    monkeypatch.setattr(time, "sleep", sleep)
    return seconds


def noted_asyncio_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The same of `asyncio.sleep`."""
    seconds: list[float] = []
    own, sleeping = threading.get_ident(), asyncio.sleep

    async def sleep(delay: float, result: object = None) -> object:
        if threading.get_ident() != own:
            return await sleeping(delay, result)
        seconds.append(delay)
        return result

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds
