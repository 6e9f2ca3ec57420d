"""Calls counted in Redis, for the processes of many hosts: each limit of a call in one round trip, all or none."""

from __future__ import annotations

import math

from failwell.contract.extras import needs
from failwell.server.limits.rate_limits import RateLimits

with needs("redis", __name__):
    from failwell.server.storage.redis_server import RedisServer

# All moments are microseconds of the clock of Redis. Of each limit it returns how many calls are left, and how long it
# takes until there is one more.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = {1}
"""
_MOVING = f"""{_NOW}
for i, key in ipairs(KEYS) do
  local amount, window = tonumber(ARGV[2 * i - 1]), ARGV[2 * i] * 1000000
  local newest = redis.call('LINDEX', key, 0)
  if newest and tonumber(newest) > now then
    redis.call('DEL', key)  -- the clock was set back: what is there would count for too long
  end
  local oldest = redis.call('LINDEX', key, -1)
  while oldest and oldest + window <= now do
    redis.call('RPOP', key)
    oldest = redis.call('LINDEX', key, -1)
  end
  if redis.call('LLEN', key) >= amount then found[1] = 0 end
end
for i, key in ipairs(KEYS) do
  local amount, window = tonumber(ARGV[2 * i - 1]), ARGV[2 * i] * 1000000
  if found[1] == 1 then
    redis.call('LPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, window / 1000)
  end
  local oldest = redis.call('LINDEX', key, -1) or now
  table.insert(found, amount - redis.call('LLEN', key))
  table.insert(found, string.format('%.0f', oldest + window - now))
end
return found
"""
_FIXED = f"""{_NOW}
for i, key in ipairs(KEYS) do
  if redis.call('PTTL', key) > ARGV[2 * i] * 1000 then redis.call('DEL', key) end  -- the clock was set back
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * i - 1]) then found[1] = 0 end
end
for i, key in ipairs(KEYS) do
  local window = ARGV[2 * i] * 1000
  if found[1] == 1 and redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, window) end
  local left = redis.call('PTTL', key)
  if left < 0 then left = 0 end
  table.insert(found, ARGV[2 * i - 1] - (redis.call('GET', key) or 0))
  table.insert(found, string.format('%.0f', left * 1000))
end
return found
"""
# What is kept is the moment in which the bucket is full again.
_BUCKET = f"""{_NOW}
local burst, token = tonumber(ARGV[1]), tonumber(ARGV[2])
local function keep(moment)
  redis.call('SET', KEYS[1], string.format('%.2f', moment), 'PX', math.ceil((moment - now) / 1000))
  return moment
end
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if full_at > now + burst * token + 2 then
  full_at = keep(now + burst * token)  -- the clock was set back: a bucket is never further from full than all it holds
end
if full_at - now <= (burst - 1) * token + 1 then
  full_at = keep(full_at + token)
else
  found[1] = 0
end
local left = math.max(0, burst - math.ceil((full_at - now - 1) / token))
found[2] = left
found[3] = string.format('%.0f', full_at - (burst - left - 1) * token - now)
return found
"""


class RedisCounts:
    """Counts calls in the Redis at *url*, under names that begin with *prefix*. It has *busy* seconds to answer."""

    def __init__(self, url: str, *, prefix: str, busy: float) -> None:
        self._server = RedisServer(url, busy=busy)
        self._prefix = f"{prefix}:limits:1:".encode()
        script = self._server.client.register_script
        self._moving, self._fixed, self._bucket = script(_MOVING), script(_FIXED), script(_BUCKET)

    def hit(self, limits: RateLimits, tier: str, key_id: str) -> tuple[bool, list[tuple[int, int]]]:
        """Count a call of *key_id*, of *tier*, if all of *limits* allow it.

        Of each limit it tells how many calls are left, and after how many whole seconds there is one more.

        Raises:
            StoreDownError: Redis refuses, or does not answer in time.
        """
        who = self._prefix + f"{tier}:{key_id}".encode("utf-8", "surrogatepass")
        values: list[float] = []
        if limits.burst is None:
            script = self._moving if limits.strategy == "moving-window" else self._fixed
            kind: str = limits.strategy
            for item in limits.items:
                values += (item.amount, item.get_expiry())
        else:
            script, kind, [item] = self._bucket, f"bucket-{limits.burst}", limits.items
            values = [limits.burst, item.get_expiry() * 1e6 / item.amount]
        # Counts of one strategy must not be read as those of another.
        names = [b"%s:%s:%d/%d" % (who, kind.encode(), item.amount, item.get_expiry()) for item in limits.items]
        allowed, *told = self._server.ask(lambda: script(keys=names, args=values))
        waits = [max(1, math.ceil(int(wait) / 1e6)) for wait in told[1::2]]
        return bool(allowed), list(zip(map(int, told[::2]), waits, strict=True))

    def close(self) -> None:
        """Close the connections that are idle."""
        self._server.client.close()
