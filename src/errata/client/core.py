"""What all resources of a client share: the contract, the connection, the time."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import httpx2

from errata.client.detach import ContentError
from errata.client.driver import Observe, adrive, drive
from errata.client.logs import mask_in_logs
from errata.client.prepared import Prepared
from errata.client.proxies import BadProxyError
from errata.client.resource import Resource
from errata.client.trust import BadTrustError
from errata.clock import Clock, SystemClock
from errata.contract import caps
from errata.contract.catalogue import Catalogue
from errata.contract.error import Error
from errata.contract.secret import Secret, masked
from errata.policy.call import call
from errata.policy.flow import Flow
from errata.policy.retry import RetryPolicy, by_catalogue
from errata.wire.messages import Content, Into, Reply, Request
from errata.wire.parse import build

if TYPE_CHECKING:
    from errata.client.httpx import AwaitingHttpx, BlockingHttpx

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
        self.client: type[Resource[Any]] | None = None
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
        wanted = httpx2.AsyncClient if awaiting else httpx2.Client
        if http_client is not None and not isinstance(http_client, wanted):
            raise configuration_problem(
                catalogue,
                f"http_client is of type {type(http_client).__name__}; this client needs an httpx2.{wanted.__name__}.",
            )
        refused = None
        try:
            self._transport = _transport(prepared, self.clock, http_client, awaiting=awaiting)
        except (BadProxyError, BadTrustError) as problem:
            refused = str(problem)
        if refused is not None:  # raised here, because the frames of the other hold the proxy's password
            raise configuration_problem(catalogue, refused)
        mask_in_logs(self._transport.secrets)

    def run(self, flow: Flow[T]) -> T:
        """The result of *flow*, in this thread."""
        assert not self.awaiting
        self._check_open()
        try:
            return drive(flow, cast("BlockingHttpx", self._transport), self.clock, self._observe)
        except Error as error:
            # The frames of drivers and generators tell a caller nothing.
            raise error.with_traceback(None) from error.__cause__
        except ContentError as unread:
            problem = unread.problem.with_traceback(unread.tail)
        raise problem

    async def arun(self, flow: Flow[T]) -> T:
        """The result of *flow*, in this task."""
        assert self.awaiting
        self._check_open()
        try:
            return await adrive(flow, cast("AwaitingHttpx", self._transport), self.clock, self._observe)
        except Error as error:
            raise error.with_traceback(None) from error.__cause__
        except ContentError as unread:
            problem = unread.problem.with_traceback(unread.tail)
        raise problem

    def _check_open(self) -> None:
        if self._transport.closed:
            raise configuration_problem(self.catalogue, "The client is closed. Make a new one, or close it later.")

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
        secrets: tuple[Secret, ...] = (),
        into: Into | None = None,
    ) -> Flow[T]:
        """One call of *operation*. *payload* is sent as JSON; a *mutating* call carries one idempotency key.

        *secrets* are those in the payload: what the server says comes without them. With *into* the body of a success
        goes there as it arrives.
        """
        if payload is not None:
            content = _json(operation, payload)
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
            secrets=secrets,
            into=into,
        )
        return (
            yield from call(
                request,
                decode,
                catalogue=self.catalogue,
                policy=self._policy(operation),
                timeout=self.timeout,
                deadline=self.deadline,
                mask=lambda text: masked(text, self._transport.secrets_of(request)),
            )
        )

    def _policy(self, operation: str) -> RetryPolicy:
        policy = self._policies.get(operation)
        if policy is None:
            policy = self._policies[operation] = RetryPolicy(self._rules, by_catalogue(self.catalogue, operation))
        return policy

    def _checked_key(self, key: str) -> str:
        if not isinstance(key, str):
            raise configuration_problem(self.catalogue, f"idempotency_key is of type {type(key).__name__}; use text.")
        if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()) or key != key.strip():
            raise configuration_problem(
                self.catalogue,
                f"idempotency_key has {len(key)} characters; it must be 1 to 255 printable ASCII characters, "
                "without spaces around them.",
            )
        return key

    def close(self) -> None:
        """Close the connections of a blocking client."""
        if not self.awaiting:
            cast("BlockingHttpx", self._transport).close()

    async def aclose(self) -> None:
        """Close the connections of an awaiting client."""
        if self.awaiting:
            await cast("AwaitingHttpx", self._transport).aclose()


def _transport(
    prepared: Prepared, clock: Clock, http_client: httpx2.Client | httpx2.AsyncClient | None, *, awaiting: bool
) -> BlockingHttpx | AwaitingHttpx:
    # Loaded with the first client: the connection pools behind it take longer to import than all of the SDK.
    from errata.client.httpx import AwaitingHttpx, BlockingHttpx

    if awaiting:
        return AwaitingHttpx(prepared, clock.wall, cast("httpx2.AsyncClient | None", http_client))
    return BlockingHttpx(prepared, clock.wall, cast("httpx2.Client | None", http_client))


def configuration_problem(catalogue: Catalogue, message: str) -> Error:
    """The vendor's error for a client that cannot be built, or a call that cannot be made."""
    return build(catalogue.occasion("configuration"), {"message": message})


def checked_base_url(catalogue: Catalogue, base_url: object) -> str:
    """*base_url* without a slash at its end, if requests can be sent there."""
    if not isinstance(base_url, str):
        kind = type(base_url).__name__
        raise configuration_problem(catalogue, f"base_url is of type {kind}; it must be like https://api.example.com.")
    try:
        split = urlsplit(base_url)
        valid = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
        httpx2.URL(base_url)
    except (ValueError, httpx2.InvalidURL):
        split, valid = urlsplit(""), False
    if not valid or any(c.isspace() for c in base_url):
        # What stands before an @ may be a password, and what follows a ? a key.
        shown = caps.text(base_url.rpartition("@")[2].partition("?")[0], 200)
        raise configuration_problem(
            catalogue, f"base_url is {shown!r}; it must be like https://api.example.com, with http or https."
        )
    if split.username or split.password or split.query or split.fragment:
        raise configuration_problem(
            catalogue, "base_url has a user, a password, a query or a fragment; pass credentials as an argument."
        )
    return base_url.rstrip("/")


def _json(operation: str, payload: object) -> bytes:
    """*payload* as compact JSON.

    Raises:
        TypeError, ValueError: JSON has nothing for a part of it: a set, NaN, a lone surrogate.
    """
    try:
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        kind = TypeError if isinstance(problem, TypeError) else ValueError
        raise kind(f"An argument of {operation} cannot be sent as JSON: {problem}.") from problem


def _seconds(catalogue: Catalogue, name: str, value: object) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        seconds = math.inf
    if not 0 < seconds < math.inf:
        raise configuration_problem(catalogue, f"{name} is {value!r}; it must be a number of seconds above 0, or None.")
    return seconds


def _count(catalogue: Catalogue, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise configuration_problem(catalogue, f"max_retries is {value!r}; it must be a whole number from 0.")
    return value
