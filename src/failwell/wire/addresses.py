"""URL resolution: a relative address in a reply is taken from where the reply came. No string joins host and path."""

from __future__ import annotations

from urllib.parse import urljoin

WEB = ("http://", "https://")


def resolved(base_url: str, target: str, reference: str) -> str | None:
    """The whole URL that *reference* means in an answer from *target*, a path below *base_url* or itself a whole URL.

    None where it is none, or none of the web. Whether requests can be sent there is seen where they are.
    """
    try:
        found = urljoin(base_url + target if target.startswith("/") else target, reference)
    except ValueError:
        return None
    return found if found.lower().startswith(WEB) else None
