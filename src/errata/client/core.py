"""What all resources of a client share: the contract, the connection, the time."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx2

from errata.client.driver import Observe, adrive, drive
from errata.client.httpx import AwaitingHttpx, BlockingHttpx
from errata.client.logs import mask_in_logs
from errata.client.prepared import Prepared
from errata.clock import Clock, SystemClock
from errata.contract.catalogue import Catalogue
from errata.contract.error import Error
from errata.contract.secret import Secret
from errata.policy.call import call
from errata.policy.flow import Flow
from errata.policy.retry import RetryPolicy, by_catalogue
from errata.wire.messages import Content, Reply, Request
from errata.wire.parse import build

T = TypeVar("T")


class Core:
    """The engine of a client. Immutable after construction, so one may serve many threads or tasks.

    *timeout* is the seconds one attempt may take, *deadline* the seconds a whole call may take (None: no limit),
    *max_retries* how often a failed call is repeated.

    Raises:
        Error: the catalogue's "configuration" error, for a base URL, timeout or retry count that cannot work.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        base_url: str,
        credentials: tuple[tuple[str, Secret], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        awaiting: bool = False,
        timeout: float | None = 30.0,
        deadline: float | None = None,
        max_retries: int | None = None,
        http_client: httpx2.Client | httpx2.AsyncClient | None = None,
        clock: Clock | None = None,
        observe: Observe | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.awaiting = awaiting
        self.timeout = _seconds(catalogue, "timeout", timeout)
        self.deadline = _seconds(catalogue, "deadline", deadline)
        self.max_retries = _count(catalogue, catalogue.retries.max_retries if max_retries is None else max_retries)
        self.base_url = checked_base_url(catalogue, base_url)
        self.clock: Clock = clock if clock is not None else SystemClock()
        self._observe = observe
        self._rules = replace(catalogue.retries, max_retries=self.max_retries)
        self._policies: dict[str, RetryPolicy] = {}
        prepared = Prepared(self.base_url, headers, credentials)
        mask_in_logs(prepared.secrets)
        wanted = httpx2.AsyncClient if awaiting else httpx2.Client
        if http_client is not None and not isinstance(http_client, wanted):
            raise configuration_problem(
                catalogue,
                f"http_client is a {type(http_client).__name__}; this client needs an httpx2.{wanted.__name__}.",
            )
        self._transport: BlockingHttpx | AwaitingHttpx
        if isinstance(http_client, httpx2.AsyncClient) or (awaiting and http_client is None):
            self._transport = AwaitingHttpx(prepared, self.clock.wall, http_client)
        else:
            self._transport = BlockingHttpx(prepared, self.clock.wall, http_client)

    def run(self, flow: Flow[T]) -> T:
        """The result of *flow*, in this thread."""
        assert isinstance(self._transport, BlockingHttpx)  # noqa: S101 - the colour is fixed at construction
        return drive(flow, self._transport, self.clock, self._observe)

    async def arun(self, flow: Flow[T]) -> T:
        """The result of *flow*, in this task."""
        assert isinstance(self._transport, AwaitingHttpx)  # noqa: S101 - the colour is fixed at construction
        return await adrive(flow, self._transport, self.clock, self._observe)

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        decode: Callable[[Reply], T],
        *,
        params: Mapping[str, object] | None = None,
        payload: object = None,
        content: Content = b"",
        headers: tuple[tuple[str, str], ...] = (),
        idempotency_key: str | None = None,
        mutating: bool = False,
        with_credentials: bool = True,
    ) -> Flow[T]:
        """One call of *operation*. *payload* is sent as JSON; a *mutating* call carries one idempotency key."""
        if payload is not None:
            content = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers = (*headers, ("Content-Type", "application/json"))
        key = None
        if mutating:
            # Made once, outside the attempts: every retry must carry the first one's key.
            key = uuid.uuid4().hex if idempotency_key is None else self._checked_key(idempotency_key)
            headers = (*headers, (self.catalogue.headers.idempotency_key, key))
        known = {name: value for name, value in (params or {}).items() if value is not None}
        request = Request(
            method,
            f"{path}?{urlencode(known)}" if known else path,
            headers,
            content,
            operation,
            key,
            with_credentials,
        )
        return (
            yield from call(
                request,
                decode,
                catalogue=self.catalogue,
                policy=self._policy(operation),
                timeout=self.timeout,
                deadline=self.deadline,
            )
        )

    def _policy(self, operation: str) -> RetryPolicy:
        policy = self._policies.get(operation)
        if policy is None:
            policy = self._policies[operation] = RetryPolicy(self._rules, by_catalogue(self.catalogue, operation))
        return policy

    def _checked_key(self, key: str) -> str:
        if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
            raise configuration_problem(
                self.catalogue,
                f"idempotency_key has {len(key)} characters; it must be 1 to 255 printable ASCII characters.",
            )
        return key

    def close(self) -> None:
        """Close the connections of a blocking client."""
        if isinstance(self._transport, BlockingHttpx):
            self._transport.close()

    async def aclose(self) -> None:
        """Close the connections of an awaiting client."""
        if isinstance(self._transport, AwaitingHttpx):
            await self._transport.aclose()


def configuration_problem(catalogue: Catalogue, message: str) -> Error:
    """The vendor's error for a client that cannot be built, or a call that cannot be made."""
    error = build(catalogue.occasion("configuration"), {"message": message})
    if error.case.fix:
        error.add_note(error.case.fix)
    return error


def checked_base_url(catalogue: Catalogue, base_url: str) -> str:
    """*base_url* without a slash at its end, if requests can be sent there."""
    try:
        split = urlsplit(base_url)
        valid = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
        httpx2.URL(base_url)
    except (ValueError, httpx2.InvalidURL):
        valid = False
    if not valid or any(c.isspace() for c in base_url):
        raise configuration_problem(
            catalogue, f"base_url is {base_url!r}; it must be like https://api.example.com, with http or https."
        )
    if split.username or split.password or split.query or split.fragment:
        raise configuration_problem(
            catalogue, "base_url has a user, a password, a query or a fragment; pass credentials as an argument."
        )
    return base_url.rstrip("/")


def _seconds(catalogue: Catalogue, name: str, value: float | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise configuration_problem(catalogue, f"{name} is {value!r}; it must be a number of seconds above 0, or None.")
    return float(value)


def _count(catalogue: Catalogue, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise configuration_problem(catalogue, f"max_retries is {value!r}; it must be a whole number from 0.")
    return value
