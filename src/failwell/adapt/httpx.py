"""Transports for httpx and httpx2: `httpx.Client(transport=Transport(SHOP, httpx.HTTPTransport()))`."""

from failwell.adapt.transports import AsyncRetryTransport as AsyncTransport
from failwell.adapt.transports import RetryTransport as Transport

__all__ = ["AsyncTransport", "Transport"]
