"""Authentication by API key or by the app's own `caller=`, and the role that writing needs."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from anyio import to_thread

from failwell.server.auth.keys import NO_CODES, KeyProblem, KeyRefusedError, Keys
from failwell.server.auth.own_caller import check_caller
from failwell.server.caller import Caller
from failwell.server.errors.framework import Framework
from failwell.server.http.paths import Paths
from failwell.server.protocol import Scope, header, header_values
from failwell.server.refusal import Refusal
from failwell.server.storage.errors import StoreDownError
from failwell.server.storage.threads import Threads

READS = frozenset({"GET", "HEAD", "OPTIONS"})

PATIENCE = 3.0
"""Seconds to wait for the store of keys before it counts as down. Without it nobody is let in: there is no "open"."""


FindCaller = Callable[[Any], Awaitable[Caller | str | None] | Caller | str | None]
"""The app's own way to know who calls, from the framework's request (of a websocket, Starlette's `HTTPConnection`).

It returns a `Caller`, or the name of a tenant, for which there are no roles; None for nobody. What it raises is
answered like what a handler raises. A plain function is called in a thread, as FastAPI does it.
"""


class Auth(ABC):
    """Finds the caller of a request. Paths of *public* need none. Only *writers* may use a method that is no read.

    A websocket is no read: what is said in it may change something.
    """

    def __init__(self, *, public: Paths, writers: Sequence[str]) -> None:
        self._public = public
        self._writers = tuple(writers)

    def needs_caller(self, scope: Scope) -> bool:
        """Whether nobody may come in without being known."""
        # A browser asks before it sends the key, and never sends it with the question.
        preflight = scope.get("method") == "OPTIONS" and bool(header(scope, "access-control-request-method"))
        return not preflight and self._public.first(scope) is None

    @abstractmethod
    async def caller(self, scope: Scope) -> Caller:
        """Who sends *scope*.

        Raises:
            Refusal: 401 for nobody, 503 if nobody can tell.
        """

    def check_role(self, caller: Caller, scope: Scope) -> None:
        """Let *caller* write only in a role that may.

        Raises:
            Refusal: 403.
        """
        if caller.role not in self._writers and not _reads(scope):
            wanted = " or ".join(self._writers)
            what = "API key" if isinstance(self, ByKey) else "caller"
            message = f'This {what} has the role "{caller.role}", which cannot write. Use a key of a {wanted}.'
            raise Refusal(403, message)


def _reads(scope: Scope) -> bool:
    """Whether *scope* changes nothing. Some frameworks have the handshake of a websocket as a GET."""
    return scope.get("method") in READS and header(scope, "upgrade").lower() != "websocket"


class ByFunction(Auth):
    """Asks the app itself: *find* knows the caller of a request."""

    def __init__(self, find: FindCaller, framework: Framework, *, public: Paths, writers: Sequence[str]) -> None:
        super().__init__(public=public, writers=writers)
        check_caller(find)
        self._find = find
        self._framework = framework
        called = getattr(find, "__call__", None)  # noqa: B004 - an object with an async __call__, as HTTPBasic() is
        self._is_async = inspect.iscoroutinefunction(find) or inspect.iscoroutinefunction(called)

    async def caller(self, scope: Scope) -> Caller:
        """Who the app says it is.

        Raises:
            Refusal: 401, it says nobody.
            TypeError: it says something else than a caller.
            Exception: what the function raises.
        """
        request = self._framework.request(scope)
        found: Any = self._find(request) if self._is_async else await to_thread.run_sync(self._find, request)
        if inspect.isawaitable(found):
            found = await found
        if found is None:
            raise Refusal(401, "Nobody is known to have sent this request. Sign in, and send it again.")
        if isinstance(found, str) and found:
            return Caller(found, found, self._writers[0] if self._writers else "")
        if not isinstance(found, Caller):
            raise TypeError(
                f"caller= returned a {type(found).__name__}. Let it return a Caller, a tenant's name or None."
            )
        return found


class ByKey(Auth):
    """Finds the caller by an API key, with the help of *keys*."""

    def __init__(self, keys: Keys, *, public: Paths, writers: Sequence[str], realm: str) -> None:
        super().__init__(public=public, writers=writers)
        self._keys = keys
        self._codes: Mapping[KeyProblem, str] = getattr(keys, "codes", NO_CODES)
        self._threads = Threads()
        self._bearer = keys.header.lower() == "authorization"
        self._realm = realm

    async def caller(self, scope: Scope) -> Caller:
        """Whose key *scope* carries.

        Raises:
            Refusal: 401 without a key that holds, 503 if nobody can tell; what the keys have refused a caller for.
        """
        key = self._key(scope)
        try:
            caller = await self._threads.run(partial(self._keys.find, key), patience=PATIENCE)
        except KeyRefusedError as refused:
            if refused.status != 401:
                raise Refusal(refused.status, refused.message, code=refused.code) from refused
            raise self._stranger(refused.message, refused.code, known_scheme=True) from refused
        except StoreDownError as problem:
            message = "API keys cannot be checked at the moment. Try again in a few seconds."
            raise Refusal(503, message, headers={"retry-after": "2"}) from problem
        if caller is None:
            raise self._stranger("This API key is unknown or revoked. Use another one.", known_scheme=True)
        return caller

    def _key(self, scope: Scope) -> str:
        name = self._keys.header
        sent = header_values(scope, name.lower())
        if not sent:
            how = f'"{name}: Bearer <key>"' if self._bearer else f'"{name}: <key>"'
            raise self._stranger(f"No API key was sent. Send it as {how}.")
        key = sent[0]
        if self._bearer:
            scheme, _, key = key.partition(" ")
            key = key.strip() if scheme.lower() == "bearer" else ""
        if len(sent) > 1 or not self._keys.well_formed(key):
            raise self._stranger(f'The API key in "{name}" is malformed: a key is {self._keys.shape}. Copy it again.')
        return key

    def _stranger(self, message: str, code: str | None = None, *, known_scheme: bool = False) -> Refusal:
        challenge = f'Bearer realm="{self._realm}"' if self._bearer else f'ApiKey realm="{self._realm}"'
        if self._bearer and known_scheme:
            challenge += ', error="invalid_token"'
        code = code or self._codes.get("invalid")
        return Refusal(401, message, code=code, headers={"www-authenticate": challenge})
