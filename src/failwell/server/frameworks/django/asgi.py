"""Body limits for Django under ASGI, which reads a whole body into a file before its middleware is called."""

from __future__ import annotations

from typing import Any

from failwell.contract.extras import needs
from failwell.server.errors.framework import Framework
from failwell.server.http.bodies import DEFAULT, BodyLimits, Streamed, above, announced, is_form, may_have_body
from failwell.server.http.paths import Paths
from failwell.server.protocol import ASGIApp, ASGIMessage, ASGISend, Receive, Scope
from failwell.server.refusal import Refusal

with needs("django", __name__):
    from django.conf import settings

    from failwell.server.frameworks.django.bodies import BOUNDED


class BoundedBodies:
    """Django's ASGI *app*, which reads no more of a body than the `bodies` of the setting `FAILWELL` allow.

    `application = BoundedBodies(get_asgi_application())`. What is above a limit, or trickles, is read no further, and
    `ContractMiddleware` refuses it as it does under WSGI.
    """

    def __init__(self, app: Any) -> None:
        self._app: ASGIApp = app
        self._limits: BodyLimits | None = dict(settings.FAILWELL).get("bodies", DEFAULT)
        uploads = {} if self._limits is None else self._limits.uploads
        self._uploads = Paths(uploads, Framework(app), argument="uploads")

    async def __call__(self, scope: Scope, receive: Receive, send: ASGISend) -> None:
        """Answer one request."""
        if self._limits is not None and scope["type"] == "http" and may_have_body(scope):
            upload = self._uploads.first(scope)
            limit = self._limits.most_bytes if upload is None else self._limits.uploads[upload]
            # What is held in one piece is heard out to twice its limit, as elsewhere: the client may still be sending.
            most = limit if limit is None or upload is not None or is_form(scope) else 2 * limit
            receive = scope[BOUNDED] = _Bounded(scope, receive, limit, most, self._limits.seconds)
        await self._app(scope, receive, send)


class _Bounded:
    """A *receive* whose body ends above *most* bytes, or when it trickles; then it has the refusal."""

    def __init__(
        self, scope: Scope, receive: Receive, limit: int | None, most: int | None, seconds: float | None
    ) -> None:
        self.refused: Refusal | None = None
        self._receive = receive
        self._timed = Streamed(scope, receive, None, seconds)
        self._limit = limit
        self._most = most
        self._size = 0
        self._over = False
        if limit is not None and most is not None and (size := announced(scope)) > most:
            self.refused = above(limit, size)

    async def __call__(self) -> ASGIMessage:
        """The next message: of what was refused only its end, and that the client has left."""
        if self.refused is None:
            try:
                return await self._next()
            except Refusal as refused:
                self.refused = refused
        if not self._over:
            self._over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await self._receive())["type"] != "http.disconnect":
            pass  # nobody reads the rest
        return message

    async def _next(self) -> ASGIMessage:
        message = await self._timed()
        self._size += len(message.get("body", b""))
        if self._limit is not None and self._most is not None and self._size > self._most:
            raise above(self._limit)
        return message
