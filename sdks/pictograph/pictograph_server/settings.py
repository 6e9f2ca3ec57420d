"""What the operator of a Pictograph server may decide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits, prices and addresses of one server."""

    upgrade_url: str = "https://pictograph.io/billing"
    """Where somebody without credits is sent."""

    public_url: str | None = None
    """The address that signed URLs begin with; by default that of the request which asks for one."""

    max_image_bytes: int = 20 * 1024 * 1024
    max_image_pixels: int = 40_000_000
    max_annotations: int = 10_000
    """Annotations that one image may have."""

    upload_seconds: float = 24 * 3600.0
    """How long a signed upload URL works: as long as an idempotency key may bring it back."""

    download_seconds: float = 3600.0
    """How long a signed download URL works."""

    training_workers: int = 2
    """Runs that train at the same time; the others wait as "queued"."""

    run_credits: int = 10
    crop_credits: int = 1
    """A run costs *run_credits*, and *crop_credits* more for each annotated crop that it trains on."""

    annotate_credits: int = 1
    """What a batch auto-annotation costs for each image, taken when the image is annotated."""

    max_batch_images: int = 5000

    import_root: str | None = None
    """The folder that imports read from, the same for all tenants; by default "imports" in the data folder."""

    max_import_entries: int = 10_000
    """Files that one import may bring."""

    max_import_bytes: int = 4 * 1024**3
    """Bytes that the files of one import may have together, unpacked."""

    max_import_ratio: int = 200
    """How many times its packed size a file of an archive may have."""
