"""Django and Django REST framework, as a contract meets them below its middleware."""

from __future__ import annotations

import io
from contextvars import copy_context
from functools import partial
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404

from failwell.server.errors.framework import of_status
from failwell.server.frameworks.blocking import BlockingFramework, BlockingRun
from failwell.server.frameworks.django.responses import pieces_of, start_of
from failwell.server.frameworks.django.rest import of_rest
from failwell.server.frameworks.wsgi import RequestBody
from failwell.server.http.bodies import may_have_body
from failwell.server.protocol import ASGISend, Receive, Scope
from failwell.server.refusal import Refusal

STATUS = {Http404: 404, PermissionDenied: 403, SuspiciousOperation: 400, BadRequest: 400}
"""What Django means by its exceptions. Their texts are for developers."""


class DjangoFramework(BlockingFramework):
    """All of Django below the middleware."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.asgi = self._go_on

    def refusal(self, exc: Exception, *, code: str = "code") -> Refusal | None:
        """An exception that Django has a page for, or Django REST framework an answer."""
        for cls, status in STATUS.items():
            if isinstance(exc, cls):
                return of_status(status, {})
        if not hasattr(exc, "get_full_details"):
            return None
        return of_rest(exc, code)

    def request(self, scope: Scope) -> Any:
        """Django's request."""
        return scope["failwell.request"]

    def routed(self, scope: Scope) -> bool:
        """Whether a view was found."""
        return scope["failwell.request"].resolver_match is not None

    def by_hand(self, scope: Scope) -> bool:
        """Whether a view wrote the reply: what Django refuses by itself, it has logged."""
        return self.routed(scope) and not getattr(scope.get("failwell.response"), "_has_been_logged", False)

    def operation(self, scope: Scope) -> str | None:
        """The name of the view."""
        found = scope["failwell.request"].resolver_match
        return None if found is None else found.view_name

    def methods(self, scope: Scope) -> list[str]:
        """Those of the view, where Django REST framework told."""
        found: list[str] = scope.get("failwell.methods", [])
        return sorted(found)

    async def _go_on(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        request: Any = scope["failwell.request"]
        run: BlockingRun = scope["failwell.blocking"]
        if may_have_body(scope):
            # As if nobody had read it: Django has no public way to put a body back.
            request._stream = io.BufferedReader(RequestBody(run, receive))  # noqa: SLF001
            request._read_started = False  # noqa: SLF001
        # In the context of the contract, where it is known which request is answered, and what it has done.
        context = copy_context()
        response: Any = await run.outside(partial(context.run, self.app, request))
        if (raised := scope.pop("failwell.raised", None)) is not None:
            raise raised
        scope["failwell.response"] = response
        await send(start_of(response))
        if not response.streaming:
            await send({"type": "http.response.body", "body": response.content, "more_body": False})
            return
        pieces = pieces_of(response, under_asgi="wsgi.input" not in request.META)
        try:
            while (piece := await run.outside(partial(context.run, next, pieces, None))) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await run.outside(pieces.close)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
