"""Validation of client settings before anything is sent: each mistake is the vendor's "configuration" error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar
from urllib.parse import urlsplit

import httpx2

from failwell._support import truncation
from failwell.client.transport.targets import whole
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem
from failwell.contract.extras import missing
from failwell.contract.resilience import Resilience, RetryProfile

if TYPE_CHECKING:
    from failwell.clock import Clock
    from failwell.runtime.driver import OnEvent

T = TypeVar("T")

Http = Literal["httpx2", "fast"]
"""What carries requests: httpx2, or pyreqwest as the fast one."""


class ClientSettings(TypedDict, total=False):
    """What a client of either colour may be told beside its key, as `ApiKeyClient` has it."""

    base_url: str | None
    timeout: float | None
    max_retries: int | None
    deadline: float | None
    retry: RetryProfile
    resilience: Resilience | None
    http: Http
    longest_reply: int | None
    clock: Clock | None
    on_event: OnEvent | None


def check_sessions(catalogue: Catalogue, http: str) -> None:
    """Return if websocket sessions can be had: their package is there, and the client sends over httpx2."""
    if missing("ws"):  # with which frames are made and read
        problem = "Sessions need a package for websockets, which is not installed. Install it: "
        raise configuration_problem(catalogue, f'{problem}pip install "failwell[ws]"')
    if http != "httpx2":
        problem = f"Sessions go over httpx2, and this client has http={http!r}. Leave it out, or use another client."
        raise configuration_problem(catalogue, problem)


def checked_base_url(catalogue: Catalogue, base_url: object) -> str:
    """*base_url* without a slash at its end, if requests can be sent there."""
    if not isinstance(base_url, str):
        kind = type(base_url).__name__
        raise configuration_problem(catalogue, f"base_url is of type {kind}; it must be like https://api.example.com.")
    try:
        split = urlsplit(base_url)
        valid = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
        if valid and not (split.username or split.password):
            whole(base_url)
    except (ValueError, httpx2.InvalidURL):
        split, valid = urlsplit(""), False
    if not valid or any(c.isspace() for c in base_url):
        # What stands before an @ may be a password, and what follows a ? a key.
        shown = truncation.text(base_url.rpartition("@")[2].partition("?")[0], 200)
        raise configuration_problem(
            catalogue, f"base_url is {shown!r}; it must be like https://api.example.com, with http or https."
        )
    if split.username or split.password or "?" in base_url or "#" in base_url:
        raise configuration_problem(
            catalogue, "base_url has a user, a password, a query or a fragment; pass credentials as an argument."
        )
    return base_url.rstrip("/")


def several(name: str, values: Iterable[T]) -> list[T]:
    """*values*, the argument called *name*, as a list.

    Raises:
        TypeError: a single text, which would be taken letter by letter.
    """
    if isinstance(values, str | bytes):
        raise TypeError(f"{name} is one text. Pass a list, also for a single one.")
    return list(values)


def as_json(operation: str, payload: object) -> bytes:
    """*payload* as compact JSON.

    Raises:
        TypeError, ValueError: JSON has nothing for a part of it: a set, NaN, a lone surrogate.
    """
    try:
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        kind = TypeError if isinstance(problem, TypeError) else ValueError
        raise kind(f"An argument of {operation} cannot be sent as JSON: {problem}.") from problem


def checked_length(catalogue: Catalogue, name: str, value: object) -> int | None:
    """*value* as a number of bytes; None is no limit."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise configuration_problem(catalogue, f"{name} is {value!r}; it must be a number of bytes from 1, or None.")
    return value


def checked_http(catalogue: Catalogue, value: object, http_client: object) -> Http:
    """*value* as what carries requests; the fast one has no place for a user's own *http_client*."""
    if value not in ("httpx2", "fast"):
        raise configuration_problem(catalogue, f'http is {value!r}; it must be "httpx2" or "fast".')
    if value == "fast" and http_client is not None:
        raise configuration_problem(catalogue, 'http_client is for http="httpx2". Leave it out, or http="fast".')
    if value == "fast" and missing("fast"):
        raise configuration_problem(
            catalogue, 'http="fast" needs pyreqwest, which is not installed: pip install "failwell[fast]".'
        )
    return value
