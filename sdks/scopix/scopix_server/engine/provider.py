"""Vision providers: what they are asked, how they fail, and how long is waited for them."""

from __future__ import annotations

from typing import Protocol

from failwell.server import BrokenPartError, Limited, TooSlowError
from scopix_server.engine.pictures import BrokenPictureError


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


_LIMITED = Limited("vision provider", ProviderDownError, ProviderSlowError, BrokenPictureError)


def describe_within(provider: VisionProvider, content: bytes, filename: str, seconds: float) -> str:
    """What *provider* says of the picture within *seconds*.

    Raises: ProviderDownError, ProviderSlowError, BrokenPictureError. What else the provider raises is its being down.
    """
    try:
        return _LIMITED.call(str, lambda: provider.describe(content, filename), seconds)
    except TooSlowError as problem:
        raise ProviderSlowError(str(problem)) from None
    except BrokenPartError as problem:
        raise ProviderDownError(str(problem)) from problem.__cause__
