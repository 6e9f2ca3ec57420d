"""Vision providers: what they are asked, how they fail, and how long is waited for them."""

from __future__ import annotations

import queue
import threading
import time
from typing import Protocol

from scopix_server.engine.pictures import BrokenPictureError

MOST_ASKED = 64
"""Pictures that a provider may be busy with: one that never answers must not cost a thread for each that comes."""

_ASKED = threading.BoundedSemaphore(MOST_ASKED)


class ProviderDownError(Exception):
    """The provider cannot describe anything now; the text says why."""


class ProviderSlowError(Exception):
    """The provider does not answer in time; the text says after how long."""


class VisionProvider(Protocol):
    """Says in words what a picture shows. It is asked by several threads at once."""

    def describe(self, content: bytes, filename: str) -> str:
        """The description of the picture whose file is *content*.

        Raises:
            ProviderDownError, ProviderSlowError: not now.
            BrokenPictureError: the picture cannot be looked at.
        """
        ...


def describe_within(provider: VisionProvider, content: bytes, filename: str, seconds: float) -> str:
    """What *provider* says of the picture within *seconds*. One that says nothing is left alone with its thread.

    Raises: ProviderDownError, ProviderSlowError, BrokenPictureError. What else the provider raises is its being down.
    """
    said: queue.SimpleQueue[str | Exception] = queue.SimpleQueue()
    given_up = time.monotonic() + seconds

    def ask() -> None:
        try:
            said.put(provider.describe(content, filename))
        except Exception as problem:  # noqa: BLE001 - raised below, in the thread that waits
            said.put(problem)
        finally:
            _ASKED.release()

    if not _ASKED.acquire(timeout=seconds):
        raise ProviderSlowError(f"The vision provider is busy with {MOST_ASKED} pictures. Try again later.")
    threading.Thread(target=ask, name="scopix-vision", daemon=True).start()
    try:
        answer = said.get(timeout=max(0.0, given_up - time.monotonic()))
    except queue.Empty:
        raise ProviderSlowError(f"The vision provider gave no description within {seconds:g} s.") from None
    if isinstance(answer, str):
        return answer
    if isinstance(answer, ProviderDownError | ProviderSlowError | BrokenPictureError):
        raise answer
    raise ProviderDownError("The vision provider failed. Try again in a few minutes.") from answer
