"""Annotations drawn by SAM3, many images at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.client import Awaiting, Blocking, Resource, model, operation, resumable, several, wait_for
from failwell.policy import Flow
from pictograph.exceptions import PollTimeoutError
from pictograph.resources._paths import path
from pictograph.resources._waiting import check_timeout, or_its_error

if TYPE_CHECKING:
    from pictograph.models import BatchJob, BatchQuote

C = TypeVar("C", Blocking, Awaiting)

TargetClass = str | Mapping[str, Any]
"""`"circle"`, or `{"name": "circle", "output_type": "bbox"}`: "polygon" (the default), "bbox" or "tag"."""


class AutoAnnotate(Resource[C], name="auto_annotate"):
    """Batches of images that SAM3 annotates: ask for the price, start, look at, wait for, cancel."""

    @operation
    def batch(
        self,
        dataset_name: str,
        image_filenames: Sequence[str],
        classes: Sequence[TargetClass],
        *,
        confidence_threshold: float = 0.5,
        top_k: int | None = None,
        wait: bool = False,
        timeout: float = 1800.0,
        idempotency_key: str | None = None,
    ) -> Flow[BatchJob]:
        """Start annotating images of a dataset; return at once, or with *wait* when it is done.

        A class is a name, or a mapping with `name`, `output_type` ("polygon", "bbox" or "tag") and what else the
        backend takes. Detections below *confidence_threshold* (0 to 1) are left out; *top_k* keeps that many of an
        image and class. *timeout* is the seconds to wait.

        Raises:
            PaymentRequiredError: out of credits; `e.required`, `e.remaining` and `e.upgrade_url` say more.
            NotFoundError: there is no such dataset or image.
            ValidationError: an unknown output type, or a number out of range.
            PollTimeoutError: with *wait*, the batch is not done in time; it goes on, `e.job_id` names it.
        """
        from pictograph.models import BatchJob

        if wait:
            check_timeout(timeout)
        payload = {
            "dataset_name": dataset_name,
            "image_filenames": several("image_filenames", image_filenames),
            "classes": _classes(classes),
            "confidence_threshold": confidence_threshold,
        }
        job: BatchJob = yield from self.api.call(
            "POST",
            path("auto-annotate", "batch"),
            BatchJob,
            payload=payload if top_k is None else {**payload, "top_k": top_k},
            mutating=True,
            idempotency_key=idempotency_key,
        )
        if wait:
            job = yield from AutoAnnotate.wait_for_batch.flow(self, job.job_id, timeout=timeout)
        return job

    @operation
    def quote(
        self,
        dataset_name: str,
        image_filenames: Sequence[str] = (),
        classes: Sequence[TargetClass] = (),
        *,
        projected: Sequence[Mapping[str, Any]] = (),
        idempotency_key: str | None = None,
    ) -> Flow[BatchQuote]:
        """Ask what a batch would cost, in credits, without starting it.

        *projected* describes images that are not uploaded yet.

        Raises:
            NotFoundError: there is no such dataset or image.
        """
        from pictograph.models import BatchQuote

        payload = {
            "image_filenames": several("image_filenames", image_filenames),
            "projected": [dict(each) for each in projected],
            "classes": _classes(classes),
            "dataset_name": dataset_name,
        }
        return self.api.call(
            "POST",
            path("auto-annotate", "batch", "quote"),
            BatchQuote,
            payload=payload,
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    def get_batch(self, job_id: str) -> Flow[BatchJob]:
        """Get a batch as it is; one that ended with an error has it in `error`.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import BatchJob

        where = path("auto-annotate", "batch", job_id)
        return self.api.call("GET", where, BatchJob)

    @operation
    def cancel_batch(self, job_id: str, *, idempotency_key: str | None = None) -> Flow[BatchJob]:
        """Stop a batch; what it has annotated stays.

        Raises:
            NotFoundError: there is none, or it belongs to somebody else.
        """
        from pictograph.models import BatchJob

        return self.api.call(
            "POST",
            path("auto-annotate", "batch", job_id, "cancel"),
            BatchJob,
            mutating=True,
            idempotency_key=idempotency_key,
        )

    @operation
    @resumable(PollTimeoutError)
    def wait_for_batch(self, job_id: str, *, timeout: float = 1800.0, poll_interval: float = 5.0) -> Flow[BatchJob]:
        """Ask for a batch until its status is final, for at most *timeout* seconds; it may have been cancelled.

        The pause between two looks starts at *poll_interval* seconds and grows to 10. A batch that ended with an
        error of the contract raises it, as a call would: a `PaymentRequiredError` when the credits ran out on the way.

        Raises:
            PollTimeoutError: it is not done in time. It goes on; `e.job_id` names it.
            PaymentRequiredError: the batch ended for want of credits.
            NotFoundError: there is no such batch.
        """
        from pictograph.models import BatchJob

        where, decode = path("auto-annotate", "batch", job_id), or_its_error(model(BatchJob))
        return wait_for(
            self,
            AutoAnnotate.get_batch,
            job_id,
            timeout=timeout,
            poll_interval=poll_interval,
            noun="Batch",
            on="batch_poll_timeout",
            fetch=lambda: self.api.call("GET", where, decode),
        )


def _classes(classes: Sequence[TargetClass]) -> list[dict[str, Any]]:
    return [
        {"name": each, "output_type": "polygon"} if isinstance(each, str) else dict(each)
        for each in several("classes", classes)
    ]
