"""The idempotency key of a request that makes a job, as a dependency of FastAPI."""

from __future__ import annotations

import hashlib
from typing import Annotated

from failwell.contract.extras import needs
from failwell.server.idempotency.gate import route_of
from failwell.server.idempotency.policy import fingerprint
from failwell.server.jobs.submissions import Submission

with needs("fastapi", __name__):
    from fastapi import Depends, Header, Request


async def submission(
    request: Request, key: Annotated[str | None, Header(alias="Idempotency-Key", include_in_schema=False)] = None
) -> Submission | None:
    """What is submitted with the key of *request*, or None if it has no key."""
    if key is None:
        return None
    scope = hashlib.sha256("\n".join((request.method, route_of(request.scope), key)).encode()).hexdigest()
    return Submission(key, scope, fingerprint(request.scope["query_string"], await request.body()).hex())


SubmissionKey = Annotated[Submission | None, Depends(submission)]
"""The idempotency key of a request, and what came with it."""
