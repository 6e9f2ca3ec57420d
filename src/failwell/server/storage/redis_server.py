"""A Redis, asked on time, and named without its password where it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from failwell.contract.extras import needs
from failwell.server.storage.errors import StoreDownError

with needs("redis", __name__):
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

T = TypeVar("T")


class RedisSettings(NamedTuple):
    """Whether a Redis keeps nothing on disk, and what it drops when its memory is full; "" if nobody knows."""

    forgets: bool = False
    eviction: str = ""


class RedisServer:
    """The Redis at *url*, which has *busy* seconds to answer.

    Raises:
        MissingExtraError: redis-py is not installed.
        ValueError: *url* is none.
    """

    def __init__(self, url: str, *, busy: float) -> None:
        self.client = redis.Redis.from_url(
            url,
            socket_timeout=busy,
            socket_connect_timeout=busy,
            retry=Retry(NoBackoff(), 0),  # whoever waits for the store knows how long
        )
        told = self.client.connection_pool.connection_kwargs
        self.where = str(told.get("path") or f"{told.get('host')}:{told.get('port')}/{told.get('db', 0)}")
        """Where it is, for people."""

    def settings(self) -> RedisSettings:
        """What it is set to, as far as it lets itself be asked: those who rent it out may not."""
        try:
            said: dict[str, str] = self.client.config_get("save", "appendonly", "maxmemory-policy")  # type: ignore[assignment]  # its stub is of both colours
        except redis.RedisError:
            return RedisSettings()
        forgets = not said.get("save") and said.get("appendonly") == "no"
        return RedisSettings(forgets, str(said.get("maxmemory-policy", "")))

    def ask(self, question: Callable[[], T]) -> T:
        """What *question* returns, which uses the client.

        Raises:
            StoreDownError: Redis refuses, or does not answer in time.
        """
        try:
            return question()
        except redis.RedisError as problem:
            raise StoreDownError(
                f"The store in Redis at {self.where} failed: {str(problem).rstrip('.')}. "
                "Look whether it runs there, lets this server in and has room."
            ) from problem
