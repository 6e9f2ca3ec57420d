"""Idempotency records in Redis, for the processes of many hosts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from failwell.contract.extras import needs
from failwell.server.idempotency.store import Claim, Claimed, Conflict, InProgress, Record, digest
from failwell.server.stored_response import StoredResponse

with needs("redis", __name__):
    from failwell.server.storage.redis_server import RedisServer

logger = logging.getLogger("failwell.server")

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_CLAIM = f"""{_NOW}
local fingerprint, owner, lease, kept = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'owner', 'leased_until',
  'status', 'headers', 'body', 'request_id', 'effect')
if found[1] then
  if found[1] ~= fingerprint then return {{'conflict'}} end
  if found[4] then return {{'answer', found[4], found[5], found[6], found[7]}} end
  local left = found[3] - now
  if left > lease then
    -- No lease is that long: the clock was set back. It ends in the time of today, unless its owner renews it.
    left = lease
    redis.call('HSET', KEYS[1], 'leased_until', now + lease)
  end
  -- Who asks again did not hear that the record is its own.
  if left > 0 and found[2] ~= owner then return {{'leased', left}} end
end
local before = found[1] and (found[8] or 'unknown') or 'none'
local effect = before
if ARGV[5] == '0' and effect == 'none' then effect = 'unknown' end
redis.call('HSET', KEYS[1], 'fingerprint', fingerprint, 'owner', owner, 'leased_until', now + lease, 'effect', effect)
-- However short the answer is to be kept: while it is waited for, the record must be there.
redis.call('PEXPIRE', KEYS[1], math.max(kept, lease))
return {{'claimed', before}}
"""
_RENEW = f"""{_NOW}
local owner, lease = ARGV[1], tonumber(ARGV[2])
local found = redis.call('HMGET', KEYS[1], 'owner', 'status')
if found[1] ~= owner or found[2] then return 0 end
redis.call('HSET', KEYS[1], 'leased_until', now + lease)
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], 'effect', 'done') end
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), lease))
return 1
"""
_COMPLETE = """
local owner, kept = ARGV[1], tonumber(ARGV[2])
local found = redis.call('HMGET', KEYS[1], 'owner', 'status')
if found[1] ~= owner then return 0 end
if not found[2] then
  redis.call('HSET', KEYS[1], 'status', ARGV[3], 'headers', ARGV[4], 'body', ARGV[5], 'request_id', ARGV[6])
  redis.call('PEXPIRE', KEYS[1], kept)
end
return 1
"""
_RELEASE = """
local found = redis.call('HMGET', KEYS[1], 'owner', 'status')
if found[1] ~= ARGV[1] or found[2] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class RedisStore:
    """Keeps records in the Redis at *url*, such as "redis://127.0.0.1:6379/0", under names that begin with *prefix*.

    Each method is one round trip, and atomic. Leases go by the clock of Redis, whatever those of its callers say.
    A Redis that keeps nothing on disk, or may drop what it holds, is told of in the log.

    Raises:
        MissingExtraError: redis-py is not installed.
        ValueError: *url* is none.
        StoreDownError: here and in every method, if Redis refuses, or does not answer within *busy* seconds.
    """

    def __init__(self, url: str, *, prefix: str = "failwell", busy: float = 1.0) -> None:
        self._server = RedisServer(url, busy=busy)
        self._prefix = f"{prefix}:idempotency:1:"
        self._claim, self._renew, self._complete, self._release = map(
            self._server.client.register_script, (_CLAIM, _RENEW, _COMPLETE, _RELEASE)
        )
        self._server.ask(self._server.client.ping)
        self._warn_of_forgetting()

    def claim(
        self, record: Record, fingerprint: bytes, owner: str, *, lease: float, kept: float, tells: bool = False
    ) -> Claim:
        """Make *owner* the one who runs *record*, unless it was answered, is leased or had another *fingerprint*."""
        said = self._run(self._claim, record, fingerprint, owner, _ms(lease), _ms(kept), int(tells))
        match said[0]:
            case b"claimed":
                return Claimed(said[1].decode())
            case b"conflict":
                return Conflict()
            case b"leased":
                return InProgress(leased_for=said[1] / 1000)
            case _:
                status, headers, body, request_id = said[1:]
                pairs = tuple((name, value) for name, value in json.loads(headers))
                return StoredResponse(int(status), pairs, body, request_id.decode())

    def renew(self, record: Record, owner: str, *, lease: float, begun: bool = False) -> bool:
        """Let the lease begin anew; False if *record* is not *owner*'s any more. *begun*: its side effects begin."""
        return bool(self._run(self._renew, record, owner, _ms(lease), int(begun)))

    def complete(self, record: Record, owner: str, answer: StoredResponse, *, kept: float) -> bool:
        """Keep *answer*; False, and nothing changes, if *record* is not *owner*'s any more."""
        facts = (answer.status, json.dumps(answer.headers), answer.body, answer.request_id)
        return bool(self._run(self._complete, record, owner, _ms(kept), *facts))

    def release(self, record: Record, owner: str) -> bool:
        """Forget *record* so that its key may be tried again; False if it is not *owner*'s any more."""
        return bool(self._run(self._release, record, owner))

    def close(self) -> None:
        """Close the connections that are idle; those in use close when their user is done."""
        self._server.client.close()

    def _run(self, script: Callable[..., Any], record: Record, *values: str | bytes | float) -> Any:
        name = self._prefix + digest(record).hex()
        return self._server.ask(lambda: script(keys=[name], args=values))

    def _warn_of_forgetting(self) -> None:
        settings = self._server.settings()
        if settings.forgets:
            logger.warning(
                "The Redis at %s keeps nothing on disk: when it starts again, every idempotency key is forgotten, and "
                "a call that is repeated is done twice. Set appendonly yes.",
                self._server.where,
            )
        if settings.eviction not in ("", "noeviction"):
            logger.warning(
                "The Redis at %s may drop idempotency keys when its memory is full (maxmemory-policy %s): a call that "
                "is repeated is then done twice. Set noeviction.",
                self._server.where,
                settings.eviction,
            )


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
