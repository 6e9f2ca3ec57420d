"""Jobs that failed, as the error of the operation that waits for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from failwell.wire import Reply, parse_reply
from scopix.exceptions import CATALOGUE

if TYPE_CHECKING:
    from scopix.models import Document, Job

    J = TypeVar("J", Job, Document)


def or_its_error(job: J, operation: str, **details: Any) -> J:
    """*job*, if it ended well.

    Raises:
        ScopixError: it failed or was canceled. The class is that of *operation*, with *details*; `e.body_code` is what
            the job says.
    """
    if job.problem is None:
        return job
    told = {**details, "message": job.problem}
    if job.error is not None and job.error.code:
        told["code"] = job.error.code
    raise parse_reply(Reply(0, {}, json.dumps({"detail": told}).encode()), CATALOGUE, operation=operation, source="job")
