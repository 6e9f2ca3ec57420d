"""Makes a Starlette or FastAPI app leave its errors to the contract."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.websockets import WebSocket

from failwell.contract import Error
from failwell.server.framework import of_fastapi


async def contract_handler(request: Request | WebSocket, exc: Exception) -> Response:
    """Answer *exc* in the envelope, inside of the app, so that its middleware sees a reply like any other.

    Raises:
        UndeclaredError: the operation does not declare it.
    """
    translator = request.scope.get("failwell.translator")
    if translator is None:
        raise exc  # the app is called without its contract around it
    reply = translator.reply(exc, request.scope)
    return Response(reply.body, reply.status, headers=dict(reply.headers))


def take_over(app: Starlette) -> None:
    """Let *app*, and the apps that are mounted in it, answer errors with `contract_handler`.

    Raises:
        ValueError: it has handlers of its own for what the contract answers.
    """
    own = [key for key, handler in app.exception_handlers.items() if _is_ours(key) and not _may_go(handler)]
    if own:
        names = ", ".join(str(getattr(key, "__name__", key)) for key in own)
        raise ValueError(
            f"The app has exception handlers of its own for: {names}. The contract answers those. "
            "Remove them, and map what they did with install(..., convert=...)."
        )
    for key in _answered():
        app.add_exception_handler(key, contract_handler)
    # A stack that was built already holds the old handlers.
    app.middleware_stack = None
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            take_over(route.app)


def _is_ours(key: Any) -> bool:
    if isinstance(key, int):
        return key >= 400
    return key is Exception or issubclass(key, _answered())


def _may_go(handler: object) -> bool:
    return handler is contract_handler or handler in _frameworks_own()


def _frameworks_own() -> list[object]:
    names = ("http_exception_handler", "request_validation_exception_handler")
    return [of_fastapi("exception_handlers", name) for name in names]


def _answered() -> tuple[type[Exception], ...]:
    """What the contract answers, of the frameworks that are loaded."""
    invalid = of_fastapi("exceptions", "RequestValidationError")
    return (HTTPException, Error, *((invalid,) if invalid else ()))
