"""Jobs that failed, as the error of what waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from failwell import hint

if TYPE_CHECKING:
    from scopix.exceptions import ScopixError
    from scopix.models import Document, Job

    J = TypeVar("J", Job, Document)


def or_its_error(job: J, kind: type[ScopixError], **details: Any) -> J:
    """*job*, if it ended well.

    Raises:
        ScopixError: it failed or was canceled: a *kind* with *details*; `e.body_code` is the code that the job has.
    """
    if job.problem is None:
        return job
    make: Any = kind
    error: ScopixError = make(job.problem, **details)
    error.body_code = (job.error.code or None) if job.error is not None else None
    if line := hint(error):
        error.add_note(line)
    raise error
