"""The request of an operation, made of what the author of an SDK says of it: target, body, idempotency key."""

from __future__ import annotations

from collections.abc import Mapping
from os import urandom
from typing import TypedDict

from failwell._support.secret import Secret
from failwell.client.config import as_json
from failwell.client.transport.paths import query
from failwell.client.transport.targets import BadTargetError, check_path, whole
from failwell.contract.catalogues.catalogue import Catalogue
from failwell.contract.construction import configuration_problem
from failwell.wire.messages import Content, Into, Request


class RequestSpec(TypedDict, total=False):
    """What a request may have beside its method and its path.

    *payload* is sent as JSON, *content* as it is. A *mutating* request carries one idempotency key, a new one unless
    *idempotency_key* is given. *secrets* are those in the body: what the server says comes without them. With *into*
    the body of a success goes there as it arrives, unless it is a stream.
    """

    params: Mapping[str, object] | None
    payload: object
    content: Content
    headers: tuple[tuple[str, str], ...]
    idempotency_key: str | None
    mutating: bool
    with_credentials: bool
    secrets: tuple[Secret, ...]
    into: Into | None


def request_of(
    catalogue: Catalogue,
    operation: str,
    method: str,
    path: str,
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
) -> Request:
    """The request of *operation*, whose fields a `RequestSpec` names.

    Raises:
        Error: the catalogue's "configuration" error, for a target, a body or a key that cannot be sent.
    """
    if payload is not None:
        content = as_json(operation, payload)
        headers = (*headers, ("Content-Type", "application/json"))
    key = None
    if mutating:
        # Made once, outside the attempts: every retry must carry the first one's key.
        key = _new_key() if idempotency_key is None else _checked_key(catalogue, idempotency_key)
        headers = (*headers, (catalogue.headers.idempotency_key, key))
    return Request(
        method,
        _target(catalogue, operation, path, params),
        headers,
        content,
        operation,
        key,
        with_credentials,
        secrets=secrets,
        into=into,
        key_counts=catalogue.idempotency == "server",
    )


def _target(catalogue: Catalogue, operation: str, path: str, params: Mapping[str, object] | None) -> str:
    """*path* with *params* for its query, if requests can be sent there."""
    refused = None
    try:
        if not isinstance(path, str):
            refused = f"is of type {type(path).__name__}; it must be text"
        elif path.startswith("/"):
            check_path(path)
        else:
            whole(path)
    except BadTargetError as problem:
        refused = str(problem)
    if refused is None and params and ("?" in path or "#" in path):
        refused = "has a query, and there are params too. Pass all of them as params"
    if refused is not None:
        raise configuration_problem(catalogue, f"{operation} was not sent: its target {refused}.")
    asked = query(operation, params) if params else ""
    return f"{path}?{asked}" if asked else path


def _checked_key(catalogue: Catalogue, key: str) -> str:
    problem = None
    if not isinstance(key, str):
        problem = f"is of type {type(key).__name__}; use text."
    elif not (0 < len(key) <= 255 and key.isascii() and key.isprintable()) or key != key.strip():
        problem = (
            f"has {len(key)} characters; it must be 1 to 255 printable ASCII characters, without spaces around them."
        )
    if problem is not None:
        raise configuration_problem(catalogue, f"idempotency_key {problem}")
    return key


def _new_key() -> str:
    """128 random bits, as much as a UUID has, in a third of its time."""
    return urandom(16).hex()
