"""Who may come in: a key for everything that is not public, and a role for what changes something."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial

from starlette.datastructures import Headers
from starlette.types import Scope

from failwell.server.keys import Caller, Keys
from failwell.server.refused import Refused
from failwell.server.store import StoreDownError
from failwell.server.threads import Threads

READS = frozenset({"GET", "HEAD", "OPTIONS"})

PATIENCE = 3.0
"""Seconds to wait for the store of keys before it counts as down. Without it nobody is let in: there is no "open"."""


class Auth:
    """Finds the caller of a request with the help of *keys*.

    Paths that match a pattern of *public* need no key. Only *writers* may use a method that is no read.
    """

    def __init__(self, keys: Keys, *, public: Sequence[str], writers: Sequence[str], realm: str) -> None:
        self._keys = keys
        self._threads = Threads()
        self._public = tuple(public)
        self._writers = tuple(writers)
        self._bearer = keys.header.lower() == "authorization"
        self._realm = realm

    def needs_key(self, scope: Scope) -> bool:
        """Whether nobody may come in without a key."""
        # A browser asks before it sends the key, and never sends it with the question.
        if scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
            return False
        root: str = scope.get("root_path", "")
        path: str = scope["path"].removeprefix(root)
        return not any(fnmatchcase(path, pattern) for pattern in self._public)

    async def caller(self, scope: Scope) -> Caller:
        """Whose key *scope* carries.

        Raises:
            Refused: 401 without a key that holds, 503 if nobody can tell.
        """
        key = self._key(scope)
        try:
            caller = await self._threads.run(partial(self._keys.find, key), patience=PATIENCE)
        except StoreDownError as problem:
            message = "API keys cannot be checked at the moment. Try again in a few seconds."
            raise Refused(503, message, headers={"retry-after": "2"}) from problem
        if caller is None:
            raise self._stranger("This API key is unknown or revoked. Use another one.", known_scheme=True)
        return caller

    def check_role(self, caller: Caller, scope: Scope) -> None:
        """Let *caller* write only in a role that may.

        Raises:
            Refused: 403.
        """
        if scope["method"] not in READS and caller.role not in self._writers:
            wanted = " or ".join(self._writers)
            raise Refused(
                403, f'This API key has the role "{caller.role}", which cannot write. Use a key of a {wanted}.'
            )

    def _key(self, scope: Scope) -> str:
        name = self._keys.header
        sent = Headers(scope=scope).getlist(name)
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

    def _stranger(self, message: str, *, known_scheme: bool = False) -> Refused:
        challenge = f'Bearer realm="{self._realm}"' if self._bearer else f'ApiKey realm="{self._realm}"'
        if self._bearer and known_scheme:
            challenge += ', error="invalid_token"'
        return Refused(401, message, headers={"www-authenticate": challenge})
