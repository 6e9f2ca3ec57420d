"""The clients: `Scopix`, which is awaited, and `ScopixSync`, which returns; with the same names and signatures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from failwell.client import ApiKeyClient, Awaiting, Blocking
from scopix.exceptions import CATALOGUE

if TYPE_CHECKING:
    from scopix.resources.chat import Chat
    from scopix.resources.cloud_storage import CloudStorage
    from scopix.resources.documents import Documents
    from scopix.resources.files import Files
    from scopix.resources.s3_connector import S3Connector
    from scopix.resources.video_analysis import VideoAnalysis

C = TypeVar("C", Blocking, Awaiting)


class _Client(ApiKeyClient[C], catalogue=CATALOGUE, base_url="https://api.scopix.ai/api/v2", variables="SCOPIX"):
    """The resources of a client, in its colour. Each loads when first used."""

    @cached_property
    def files(self) -> Files[C]:
        """Images and documents: uploads, and what is known of them."""
        from scopix.resources.files import Files

        return Files(self.core)

    @cached_property
    def documents(self) -> Documents[C]:
        """Documents: texts that are read, searched, and answered from."""
        from scopix.resources.documents import Documents

        return Documents(self.core)

    @cached_property
    def chat(self) -> Chat[C]:
        """Questions about what was uploaded."""
        from scopix.resources.chat import Chat

        return Chat(self.core)

    @cached_property
    def cloud_storage(self) -> CloudStorage[C]:
        """Buckets that files are imported from and exported to."""
        from scopix.resources.cloud_storage import CloudStorage

        return CloudStorage(self.core)

    @cached_property
    def s3_connector(self) -> S3Connector[C]:
        """Whole buckets of S3, copied by a job."""
        from scopix.resources.s3_connector import S3Connector

        return S3Connector(self.core)

    @cached_property
    def video_analysis(self) -> VideoAnalysis[C]:
        """Videos: uploaded in chunks, and analysed scene by scene."""
        from scopix.resources.video_analysis import VideoAnalysis

        return VideoAnalysis(self.core)


class Scopix(Awaiting, _Client[Awaiting]):
    """The client, which is awaited, on asyncio and trio: `async with Scopix() as client`.

    *api_key* defaults to `SCOPIX_API_KEY`, *base_url* to `SCOPIX_BASE_URL`. *timeout* is the seconds one attempt may
    take, *deadline* the seconds a whole call may take, *max_retries* how often a failed call is repeated. An operation
    of which five tries in a row failed is not sent for 30 s: `CircuitBreakerError.retry_after` says how long still;
    `resilience=failwell.Resilience()` turns that off. A pickled client holds no key: it reads the environment where it
    is loaded.

    Raises:
        ScopixError: no API key, a base URL that is none, a timeout that is not above 0.
    """


class ScopixSync(Blocking, _Client[Blocking]):
    """The client for programs without an event loop: its methods return. Otherwise as `Scopix`."""
