"""API keys in Redis, for the processes of many hosts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Literal, Unpack

from failwell.contract.extras import needs
from failwell.server.auth.keys import KeyRow, KeySettings, StoredKeys, hashed

with needs("redis", __name__):
    from failwell.server.storage.redis_server import RedisServer

logger = logging.getLogger("failwell.server")

# One name for the row, one for the id, which knows the row.
_ADD = """
redis.call('HSET', KEYS[1], 'row', ARGV[1], 'tier', ARGV[2], 'created_at', ARGV[3])
redis.call('SET', KEYS[2], KEYS[1])
"""
_CHANGE = """
local name = redis.call('EXISTS', KEYS[1]) == 1 and KEYS[1] or redis.call('GET', KEYS[2])
if not name or redis.call('HEXISTS', name, 'revoked_at') == 1 then return 0 end
redis.call('HSET', name, ARGV[1], ARGV[2])
return 1
"""


class RedisKeyStore(StoredKeys):
    """Keys in the Redis at *url*, under names that begin with *name_prefix*; each method is one round trip.

    Who revokes or moves a key does so for all hosts at once. A Redis that keeps nothing on disk is told of in the log.
    What else it is told, `StoredKeys` says.

    Raises:
        MissingExtraError: redis-py is not installed.
        ValueError: *url* is none.
        StoreDownError: here and in every method, if Redis refuses, or does not answer within *busy* seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        name_prefix: str = "failwell",
        busy: float = 1.0,
        **settings: Unpack[KeySettings],
    ) -> None:
        super().__init__(**settings)
        self._names = f"{name_prefix}:api-keys:1:"
        self._server = RedisServer(url, busy=busy)
        self._add_script, self._change_script = map(self._server.client.register_script, (_ADD, _CHANGE))
        self._server.ask(self._server.client.ping)
        if self._server.settings().forgets:
            logger.warning(
                "The Redis at %s keeps nothing on disk: when it starts again, every API key is gone, and nobody is let "
                "in. Set appendonly yes.",
                self._server.where,
            )

    def close(self) -> None:
        """Close the connections that are idle; those in use close when their user is done."""
        self._server.client.close()

    def _add(self, row: KeyRow, hash_: bytes, now: float) -> None:
        facts = json.dumps([row.tenant, row.id, row.role, row.expires_at])
        self._run(self._add_script, [self._name(hash_), self._of_id(row.id)], facts, row.tier, now)

    def _change(self, column: Literal["tier", "revoked_at"], value: str | float, key: str) -> bool:
        names = [self._name(hashed(key)), self._of_id(key)]
        return bool(self._run(self._change_script, names, column, value))

    def _row(self, hash_: bytes) -> KeyRow | None:
        name = self._name(hash_)
        found: Any = self._server.ask(lambda: self._server.client.hmget(name, "row", "tier", "revoked_at"))
        facts, tier, revoked_at = found
        if facts is None:
            return None
        tenant, id_, role, expires_at = json.loads(facts)
        return KeyRow(tenant, id_, role, tier.decode(), None if revoked_at is None else float(revoked_at), expires_at)

    def _run(self, script: Callable[..., Any], names: list[str], *values: str | float) -> Any:
        return self._server.ask(lambda: script(keys=names, args=values))

    def _name(self, hash_: bytes) -> str:
        return self._names + hash_.hex()

    def _of_id(self, id_: str) -> str:
        return f"{self._names}id:{id_}"
