"""An adapter for sessions of requests: `session.mount("https://", Adapter(SHOP))`."""

from failwell.adapt.retry_adapter import RetryAdapter as Adapter

__all__ = ["Adapter"]
