"""`install`: puts a contract around an app, whichever framework it is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from failwell.clock import ServerClock
from failwell.server.asgi import Contract, contract_around
from failwell.server.auth.auth import FindCaller
from failwell.server.auth.keys import Keys
from failwell.server.errors.translate import Convert
from failwell.server.errors.unknown_app import unknown_app
from failwell.server.http.bodies import DEFAULT, BodyLimits
from failwell.server.http.header_limits import HEADER_LIMITS, HeaderLimits
from failwell.server.http.service import Service
from failwell.server.idempotency.policy import Idempotency
from failwell.server.idempotency.store import Store
from failwell.server.limits.rate_limits import RateLimits
from failwell.server.limits.shared_limits import SharedLimits
from failwell.wire.contracts import AnyContract

FRAMEWORKS = {
    "aiohttp.web_app.Application": ("aiohttp", "AiohttpFramework"),
    "flask.app.Flask": ("flask", "FlaskFramework"),
    "litestar.app.Litestar": ("litestar.adapter", "LitestarFramework"),
    "quart.app.Quart": ("quart", "QuartFramework"),
    "starlette.applications.Starlette": ("starlette.adapter", "StarletteFramework"),
}
"""Where the adapter of each framework stands, by the class of its apps. None is loaded for the apps of another."""


def install(
    app: Any,
    catalogue: AnyContract,
    *,
    keys: Keys | None = None,
    caller: FindCaller | None = None,
    idempotency: Idempotency | Store | None = None,
    limits: RateLimits | Mapping[str, RateLimits] | SharedLimits | None = None,
    clock: ServerClock | None = None,
    strict: bool | None = None,
    convert: Convert | None = None,
    public: Sequence[str] = (),
    writers: Sequence[str] = ("member", "admin"),
    bodies: BodyLimits | None = DEFAULT,
    headers: HeaderLimits | None = HEADER_LIMITS,
    paths: Sequence[str] | None = None,
    outside: Sequence[object] = (),
    service: Service | None = None,
    declares_effects: bool = False,
) -> Contract:
    """Make *app* keep the contract of *catalogue*; serve what this returns, or *app* itself: it is the same.

    Where there is no catalogue yet, a class of errors is enough, a module of them, or a tuple.

    *keys* says who may call, or *caller* does, a function of the request, where the app knows that by itself. *public*
    are patterns of paths for which nobody is asked (`"/signed/*"`), *writers* the roles that may use other methods than
    GET, HEAD and OPTIONS, and open websockets. *idempotency* is a store for answers by key, or rules that have one.
    *limits* are those of every caller, or a mapping from the tier of a caller to its limits, in which "" is for those
    without a tier; a caller of any other tier is an `UnknownTierError` in the log, and gets a 500. `SharedLimits` of
    either are counted for several processes together. *bodies* are the limits of what is sent, *headers* those of its
    headers; None for none. *convert* maps exceptions that the catalogue does not know.
    *strict* raises `UndeclaredError` for what an operation does not declare; by default only under pytest.

    *paths* are patterns of the paths that the contract covers (`"/v2/*"`); by default all. Other requests, and the
    handlers of the app for their errors, stay as they are. CORS, sessions and authentication of the app stand outside
    of the contract; *outside* has more of its middleware that shall: classes, or functions.
    *service* has what a load balancer asks for, sheds load, and writes an access log.
    *declares_effects* says that every operation calls `side_effect()` before its first change, as a `DataStore` does by
    itself: then an error that a handler raises before it says that nothing had begun. Without it only an error from
    before the handlers says so.
    The document of a FastAPI app tells of the errors too: an `app.openapi` of its own must be set before.

    Raises:
        ValueError: *app* has a contract already, or answers errors by itself; limits and idempotency have no callers to
            go by, or two ways to know them; a path cannot fit, or no tier has limits.
        TypeError: *app* is no app of a framework that is known, *caller* takes something else than the request, or
            something else than `RateLimits` is given for a tier.
    """
    return contract_around(
        app.framework if isinstance(app, Contract) else _framework_of(app),
        catalogue,
        keys=keys,
        caller=caller,
        idempotency=idempotency,
        limits=limits,
        clock=clock,
        strict=strict,
        convert=convert,
        public=public,
        writers=writers,
        bodies=bodies,
        headers=headers,
        paths=paths,
        outside=outside,
        service=service,
        declares_effects=declares_effects,
    )


def _framework_of(app: object) -> Any:
    """The adapter of the framework that *app* is made with.

    Raises:
        TypeError: no framework is known whose app this is.
    """
    if found := _known(type(app)):
        module, name = found
        return getattr(import_module(f"failwell.server.frameworks.{module}"), name)(app)
    raise unknown_app(app, lambda cls: _known(cls) is not None)


def _known(of: type) -> tuple[str, str] | None:
    """Where the adapter for apps of this class stands, if there is one."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in of.__mro__)
    return next((FRAMEWORKS[name] for name in names if name in FRAMEWORKS), None)
