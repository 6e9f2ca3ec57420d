"""What the API answers with. Fields that it adds later are ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class DatasetClass(_Answer):
    """One class that may be annotated."""

    name: str
    type: str | None = None
    color: str | None = None


class Dataset(_Answer):
    """A group of images that share their classes."""

    id: str
    name: str
    created_at: datetime
    organization_id: str | None = None
    description: str | None = None
    annotation_types: list[str] = Field(default_factory=lambda: ["bbox"])
    classes: list[DatasetClass] = Field(default_factory=list)
    image_count: int = 0
    completed_image_count: int = 0
    updated_at: datetime | None = None


class Image(_Answer):
    """An image of a dataset."""

    id: str
    filename: str
    created_at: datetime
    dataset_id: str | None = None
    directory_path: str | None = None
    status: str = "new"
    split: str | None = None
    annotation_count: int = 0
    file_size: int = 0
    width: int | None = None
    height: int | None = None


class UploadTarget(_Answer):
    """Where the bytes of a new image go, for a while."""

    upload_url: str
    expires_in: int | None = None


class SaveResult(_Answer):
    """What saving annotations did."""

    image_id: str
    previous_count: int
    new_count: int
    status: str
    version: int | None = None


class ImageAnnotations(_Answer):
    """The annotations of an image, and their version for an optimistic save."""

    image_id: str
    annotations: list[dict[str, Any]] = Field(default_factory=list)
    version: int | None = None


class Export(_Answer):
    """A frozen copy of a dataset."""

    id: str
    name: str
    status: str
    created_at: datetime
    dataset_id: str | None = None
    image_count: int = 0


class DownloadTarget(_Answer):
    """Where an export can be downloaded, for a while."""

    download_url: str


class TrainingRun(_Answer):
    """One training job. `status` is "queued", "running", "completed", "failed" or "cancelled"."""

    id: str
    organization_id: str
    name: str
    pipeline_type: str
    status: str
    created_at: datetime
    dataset_id: str | None = None
    export_id: str | None = None
    model_id: str | None = None
    gpu_type: str | None = None
    progress: int = 0
    current_epoch: int = 0
    total_epochs: int | None = None
    metrics: dict[str, Any] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    error_message: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.status not in ("queued", "pending", "preparing", "running")


class JobError(_Answer):
    """The error that a job ended with, as a reply of its own would have had it."""

    status: int = Field(ge=400, le=599)
    body: Any = None


class Failure(_Answer):
    """A part of a job that failed: the how-manieth, counted from 0, of what file, and why."""

    index: int
    filename: str
    error_message: str
    error: JobError | None = None


class BatchJob(_Answer):
    """A batch that SAM3 annotates. `status` is "pending", "running", "completed", "failed" or "cancelled"."""

    job_id: str
    status: str
    progress: int = 0
    total_images: int = 0
    processed_images: int = 0
    total_annotations_added: int = 0
    failed_images: int = 0
    error_message: str | None = None
    error: JobError | None = None
    estimated_credits: int | None = None
    credits_charged: int | None = None
    failures: list[Failure] = Field(default_factory=list)
    dataset_id: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.status not in ("pending", "running")


class BatchQuote(_Answer):
    """What a batch would cost, and whether it could be started and paid for."""

    total_images: int
    estimated_credits: int
    remaining_credits: int | None = None
    sufficient: bool | None = None
    max_images: int | None = None
    exceeds_max_images: bool | None = None


class RemoteDataset(_Answer):
    """A dataset at another provider."""

    id: str
    name: str
    slug: str | None = None
    image_count: int = 0
    version: int | str | None = None


class ConnectorValidation(_Answer):
    """What a provider says to a key; `error` is its reason when the key is not `valid`."""

    valid: bool
    workspace: str = ""
    datasets: list[RemoteDataset] = Field(default_factory=list)
    error: str | None = None


class ImportJob(_Answer):
    """An import from another provider. `status` is "processing", "completed", "error" or "cancelled"."""

    import_id: str
    status: str
    progress: float = 0.0
    total_images: int = 0
    imported_images: int = 0
    failed_images: int = 0
    current_dataset: str = ""
    datasets: list[Any] = Field(default_factory=list)
    error_message: str | None = None
    error: JobError | None = None
    failures: list[Failure] = Field(default_factory=list)
    provider: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is final."""
        return self.status not in ("pending", "processing")


class Model(_Answer):
    """A trained model."""

    id: str
    organization_id: str
    name: str
    model_type: str
    visibility: str
    status: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    architecture: str | None = None
    metrics: dict[str, Any] | None = None
    class_mapping: dict[str, Any] | None = None
