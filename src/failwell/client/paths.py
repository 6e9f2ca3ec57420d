"""How paths are spelled: ids and names come from anywhere, and must not lead to another place."""

from __future__ import annotations

from urllib.parse import quote

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""What stands for itself in a URL (RFC 3986, 2.3): most ids are nothing else."""


def path(root: str, *parts: str) -> str:
    """`path("/v1", "training", "run 1")` is "/v1/training/run%201".

    Raises:
        TypeError: a part is no text.
        ValueError: a part is empty, "." or "..", which would lead to another place.
    """
    for part in parts:
        if not isinstance(part, str):
            raise TypeError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean, as text.")
        if part in ("", ".", ".."):
            raise ValueError(f"{part!r} cannot be part of a path. Pass the id or the name of what you mean.")
    try:
        return "/".join([root, *[part if UNRESERVED.issuperset(part) else quote(part, safe="") for part in parts]])
    except UnicodeEncodeError as problem:
        raise ValueError(f"{problem.object!r} has characters that no URL can carry. Pass an id or a name.") from problem
