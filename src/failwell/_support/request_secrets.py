"""Which secrets a request carries, and how they may be spelled in what a server says."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, unquote_plus

from failwell._support.secret import Secret

SHORTEST = 8
"""Characters of a value in a query or a body that is masked on its own: shorter ones are words like "png"."""


def spellings(secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """*secrets* as they are, as JSON escapes them (slashes too, or not), and as a URL does: for logs.

    What a server says is searched more thoroughly, by `masked`.
    """
    found: dict[Secret, None] = {}
    for secret in secrets:
        escaped = json.dumps(secret.reveal())[1:-1]
        for text in (secret.reveal(), escaped, escaped.replace("/", "\\/"), quote(secret.reveal(), safe="")):
            found[Secret(text)] = None
    return tuple(found)


def basic(user: str, password: str) -> Secret:
    """What HTTP's Basic scheme makes of them."""
    return Secret(base64.b64encode(f"{user}:{password}".encode()).decode())


def of_body(secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """The *secrets* that a request's body carries, without those that are too short to be one."""
    return tuple(secret for secret in secrets if len(secret.reveal()) >= SHORTEST) if secrets else ()


def of_query(target: str) -> tuple[Secret, ...]:
    """The query of a whole URL, which may be a signature, and its longer values."""
    if target.startswith("/"):
        return ()
    query = target.partition("#")[0].partition("?")[2]  # `urlsplit` raises for a URL that is none
    values = [part.partition("=")[2] for part in query.split("&")]
    spelled = [query, *values, *map(unquote_plus, values)]
    return tuple(Secret(text) for text in dict.fromkeys(spelled) if len(text) >= SHORTEST)
