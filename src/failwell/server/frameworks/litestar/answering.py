"""An exception handler of Litestar that answers in the envelope, and field errors of msgspec."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from failwell.contract import Error
from failwell.server.errors.redaction import redacted_field_error
from failwell.server.protocol import ASGIMessage, ASGISend

_GIVEN = re.compile(r"^(Invalid (?:enum )?value) .*", re.DOTALL)
"""msgspec's words that repeat what was sent."""


class EnvelopeHandler:
    """Answers in the envelope what the contract covers; what it does not, the app's *own* handler does."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __call__(self, request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
        """The answer to *exc*."""
        translator: Any = request.scope.get("failwell.translator")
        if translator is None:
            if self._own is None:
                raise exc
            answer: Response[bytes] = self._own(request, exc)
            return answer
        reply = translator.answer(exc, request.scope)
        headers = dict(reply.headers)
        kind = next((headers.pop(name) for name in [*headers] if name.lower() == "content-type"), "application/json")
        # Litestar adds the charset by itself.
        return Response(reply.body, status_code=reply.status, headers=headers, media_type=kind.partition(";")[0])


def varying(send: ASGISend) -> ASGISend:
    """*send* with what a reply varied with before Litestar's CORS wrote that anew."""

    async def sent(message: ASGIMessage) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"vary"]
            if len(headers) < len(message["headers"]):
                message = {**message, "headers": [*headers, (b"vary", b"Accept, Origin")]}
        await send(message)

    return sent


async def raised_in_websocket(exc: Exception, scope: Any) -> None:
    """Let the contract answer what a websocket's handler raised: Litestar would close with the words of *exc*.

    Raises:
        Exception: *exc*.
    """
    if scope["type"] == "websocket" and "failwell.translator" in scope:
        raise exc


def take_over(handlers: Any, *, partly: bool) -> None:
    """Answer every exception in *handlers*, the app's own table; of *partly* covered paths, the app's stay beside.

    Raises:
        ValueError: there are some already, and none is to stay.
    """
    ours = {key: own for key, own in handlers.items() if _is_ours(key) and not isinstance(own, EnvelopeHandler)}
    if ours and not partly:
        names = ", ".join(str(getattr(key, "__name__", key)) for key in ours)
        raise ValueError(
            f"The app has exception handlers of its own for: {names}. The contract answers those. Remove them, or "
            'begin with some of the paths: install(..., paths=("/v2/*",)).'
        )
    for key, own in ours.items():
        handlers[key] = EnvelopeHandler(own)
    handlers.setdefault(Exception, EnvelopeHandler(None))


def _is_ours(key: Any) -> bool:
    """Whether the contract answers what *key* of a table of exception handlers stands for."""
    if isinstance(key, int):
        return key >= 400
    if key.__module__.startswith("starlette."):
        return False  # Litestar's own, for who mounts such an app
    return key is Exception or issubclass(key, HTTPException | Error)


def field_error(problem: Any) -> dict[str, Any]:
    """What is wrong with one field, in words that are fit for a client."""
    place = [part for part in (problem.get("source"), problem.get("key")) if part]
    words = _GIVEN.sub(r"\1", str(problem.get("message", "Wrong")))
    return redacted_field_error({"loc": place or ["body"], "msg": words, "type": "value_error"})
