"""Exception handlers: makes a Starlette or FastAPI app, and those inside, leave errors to the contract."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from weakref import WeakSet

from failwell.contract import Error
from failwell.contract.extras import needs
from failwell.server.frameworks.starlette.loaded import of_fastapi
from failwell.server.http.responses import headers_of
from failwell.wire import Reply

with needs("starlette", __name__):
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.middleware.exceptions import ExceptionMiddleware
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute, Router
    from starlette.websockets import WebSocket

DEEPEST = 32
"""How far apps are looked for inside of one another."""


Handler = Callable[[Request | WebSocket, Exception], Awaitable[Response | None]]

_OURS: WeakSet[Any] = WeakSet()


def contract_handler(own: Any, key: object) -> Handler:
    """What answers *key* in the envelope, inside of the app, so that its middleware sees a reply like any other.

    What the contract does not cover is answered by *own*, the app's handler, as if there were no contract. The handler
    that is returned raises `UndeclaredError` where the operation does not declare the error, and the exception itself
    where nobody but the contract can answer it.
    """
    around = key in {500, Exception}  # it is not inside of the app's middleware

    async def handler(request: Request | WebSocket, exc: Exception) -> Response | None:
        translator = request.scope.get("failwell.translator")
        if translator is None and own is not None:
            answer: Response | None
            answer = await own(request, exc) if _is_async(own) else await run_in_threadpool(own, request, exc)
            return answer
        if translator is None or around or request.scope["type"] != "http":
            raise exc
        return ReplyResponse(translator.reply(exc, request.scope))

    _OURS.add(handler)
    return handler


class ReplyResponse(Response):
    """A *reply* of the contract as a response, whose headers are those that are sent."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.body = reply.body
        self.background = None
        self.raw_headers = headers_of(reply)


class Adopted:
    """The apps inside of *app* whose errors the contract answers, also those that are mounted later.

    They are found through routers, hosts, and the middleware that one is wrapped in. *partly* says that the contract
    covers some paths only: the apps may then have handlers of their own, for the others.
    """

    def __init__(self, app: Starlette, *, partly: bool) -> None:
        self._app = app
        self._partly = partly
        self._routes: list[list[BaseRoute]] = []
        self._counts: list[int] = []

    def take_over(self) -> None:
        """Let the contract answer for all of them.

        Raises:
            ValueError: one has handlers of its own for what the contract answers.
        """
        inside = list(apps_in(self._app))
        self._routes = [app.routes for app in inside]
        self._counts = [*map(len, self._routes)]
        apps = [app for app in inside if isinstance(app, Starlette)]
        own = [] if self._partly else [app for app in apps if _own_of(app)]
        for app in apps:
            if app not in own:
                self._adopt(app)
        if own:
            raise ValueError(
                f"The app has exception handlers of its own for: {_own_of(own[0])}. The contract answers those. "
                "Remove them, and map what they did with install(..., convert=...), or begin with some of the paths: "
                'install(..., paths=("/v2/*",)).'
            )

    def changed(self) -> bool:
        """Whether something was added since."""
        return [*map(len, self._routes)] != self._counts

    def _adopt(self, app: Starlette) -> None:
        handlers: dict[Any, Any] = app.exception_handlers
        keys: set[Any] = {*_answered()}
        if self._partly:
            keys |= {key for key in handlers if _is_ours(key)}
        new = [key for key in keys if handlers.get(key) not in _OURS]
        for key in new:
            own: Any = handlers.get(key)
            if own is None and key is HTTPException:
                own = ExceptionMiddleware(app).http_exception
            handlers[key] = contract_handler(own, key)
        if new and app is not self._app:
            # A stack that was built already holds the old handlers.
            app.middleware_stack = None


def apps_in(app: Any) -> Iterator[Starlette | Router]:
    """*app*, and every app and router inside of it: in its routes, and in what wraps one."""
    seen: set[int] = set()
    left: list[tuple[Any, int]] = [(app, 0)]
    while left:
        found, depth = left.pop()
        if id(found) in seen or depth > DEEPEST:
            continue
        seen.add(id(found))
        if isinstance(found, Starlette | Router):
            yield found
        left += [(inner, depth + 1) for inner in _inside(found)]


def _inside(found: Any) -> Iterator[Any]:
    """What *found* may lead to: the routes of a router, the app behind a route, that in a middleware."""
    if isinstance(found, Starlette):
        yield found.router
        return
    if isinstance(found, Router):
        yield from found.routes
        return
    if inspect.isfunction(found):
        for cell in found.__closure__ or ():
            try:
                yield from _leading(cell.cell_contents)
            except ValueError:
                continue  # it is not filled yet
        return
    for value in getattr(found, "__dict__", {}).values():
        yield from _leading(value)


def _leading(value: Any) -> Iterator[Any]:
    if isinstance(value, Starlette | Router | BaseRoute) or _looks_like_an_app(value):
        yield value


def _looks_like_an_app(value: Any) -> bool:
    """Whether *value* can be called as `app(scope, receive, send)` is."""
    if inspect.isclass(value) or not callable(value):
        return False
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return False
    return [parameter.name for parameter in parameters][:3] == ["scope", "receive", "send"]


def _own_of(app: Starlette) -> str:
    """The names of the handlers that *app* has for what the contract answers; "" if it has none."""
    own = [key for key, handler in app.exception_handlers.items() if _is_ours(key) and not _may_go(handler)]
    return ", ".join(str(getattr(key, "__name__", key)) for key in own)


def _is_ours(key: Any) -> bool:
    if isinstance(key, int):
        return key >= 400
    return key is Exception or issubclass(key, _answered())


def _may_go(handler: object) -> bool:
    return handler in _OURS or handler in _frameworks_own()


def _frameworks_own() -> list[object]:
    names = ("http_exception_handler", "request_validation_exception_handler")
    return [of_fastapi("exception_handlers", name) for name in names]


def _answered() -> tuple[type[Exception], ...]:
    """What the contract answers inside of the app, of the frameworks that are loaded."""
    invalid = of_fastapi("exceptions", "RequestValidationError")
    return (HTTPException, Error, *((invalid,) if invalid else ()))


def _is_async(handler: Any) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004
