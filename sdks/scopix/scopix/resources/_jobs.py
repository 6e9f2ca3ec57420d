"""Jobs that failed, as the error that the contract has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from failwell.client import failed_job
from scopix.exceptions import CATALOGUE

if TYPE_CHECKING:
    from failwell.client import Resource
    from scopix.models import Document, Job

    J = TypeVar("J", Job, Document)


def or_its_error(resource: Resource[Any], job: J, **details: Any) -> J:
    """*job*, which *resource* waited for, if it ended well.

    Raises:
        ScopixError: it failed or was canceled: the class of the resource, with *details*; `e.body_code` is its code.
    """
    if job.problem is None:
        return job
    code = (job.error.code or None) if job.error is not None else None
    raise failed_job(CATALOGUE, resource.operation_name, job.problem, code=code, **details)
