"""Request targets: a path below the base URL, or a URL; credentials go only to the client's own origin.

A target that is neither is refused: put behind the base URL as text, ".evil.example/x" would be part of its host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

import httpx2

from failwell._support import truncation
from failwell.policy.decoding_errors import UnreadableReplyError
from failwell.wire.messages import Reply

T = TypeVar("T")

LONGEST = 65_536
"""Characters of a URL that httpx2 sends."""
DEFAULT_PORTS = {"http": 80, "https": 443}

# Some libraries read a backslash as a slash, and a host with % or of full-width letters as another one.
_WHOLE = re.compile(
    r"(https?)://(?:[^/?#\\]*(@))?(?:\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[^\s/?#@:\[\]\\%]+)(?::([0-9]{0,5}))?(?=[/?#]|\Z)",
    re.IGNORECASE | re.ASCII,
)
_HOST = re.compile(r"[a-z0-9._-]+", re.ASCII)
# Most paths are nothing else: one look at them is enough.
_PLAIN = re.compile(r"(?:/[\w~-][\w.~-]*)+/?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Servers and proxies in front of them may decode a path, or drop what is behind ";", before they look where it leads.
_DOTS = re.compile(r"(?:/|%2f|%5c)(?:\.|%2e){1,2}(?=[/;]|%2f|%5c|\Z)", re.IGNORECASE)
# In a path, two slashes in a row are what is left of an empty id; behind a colon they belong to a URL inside of it.
_EMPTY = re.compile(r"(?<!:)//")
_NONE = re.compile(r"/None(?=/|\Z)")
_QUERY = "!$%&'()*+,/:;=?@[\\]^_`{|}~"


class BadTargetError(httpx2.InvalidURL):
    """Nowhere that a request could be sent. Turned into the vendor's error."""


def check_path(target: str) -> None:
    """Return if *target* is a path below the base URL, perhaps with a query, that leads to where it seems to lead.

    Raises:
        BadTargetError: it does not begin with one slash, or has a segment that leads to another place.
    """
    if len(target) < LONGEST and _PLAIN.fullmatch(target) and "/None" not in target:
        return
    at = target.partition("?")[0]
    problem = None
    if not target.startswith("/") or target.startswith("//"):
        problem = 'is no target; it must be a path that begins with one "/", or a whole URL'
    elif len(target) > LONGEST:
        problem = f"has {len(target)} characters, and a URL at most {LONGEST}"
    elif _CONTROL.search(target) or "#" in target or "\\" in at:
        problem = 'has "#", "\\" or a control character in it'
    elif not target.isascii() and truncation.replace_surrogates(target) != target:
        problem = "has half a character in it"
    elif _DOTS.search(at) or _EMPTY.search(at) or _NONE.search(at):
        problem = 'has an empty segment, or one that is ".", ".." or "None"'
    if problem is not None:
        raise BadTargetError(f"{_shown(target)} {problem}. Put ids into paths with failwell.client.path.")


def whole(text: str) -> httpx2.URL:
    """The URL of the web that *text* is, in the one spelling that every library reads alike.

    Raises:
        BadTargetError: it is none, has a user or a password, or libraries would differ about what it means.
    """
    found = _WHOLE.match(text[:LONGEST])
    after = "" if found is None else text[found.end() :].partition("#")[0].partition("?")[0]
    problem = None
    if len(text) > LONGEST:
        problem = f"has {len(text)} characters, and a URL at most {LONGEST}"
    elif found is None or _CONTROL.search(text):
        problem = "is no URL of http or https"
    elif found[2]:
        problem = "has a user or a password in it"
    elif "\\" in after or _DOTS.search(after):
        problem = 'has a backslash, or a segment that is "." or ".."'
    elif found[3] and not 0 < int(found[3]) < 65_536:
        problem = "has a port that is none"
    else:
        try:
            url = httpx2.URL(found[1].lower() + text[len(found[1]) :])
            if is_host(url):
                return url
        except (httpx2.InvalidURL, ValueError):
            pass
        problem = "has a host or characters that no URL has"
    raise BadTargetError(f"{_shown(text)} {problem}")


def is_host(url: httpx2.URL) -> bool:
    """Whether the host of *url* is a name or an address, and not a text that httpx2 has escaped."""
    return ":" in url.host or _HOST.fullmatch(url.raw_host.decode()) is not None


def below(base: httpx2.URL, target: str) -> httpx2.URL:
    """The URL of the path *target*, with its query, below *base*.

    Raises:
        BadTargetError: it leads elsewhere.
    """
    check_path(target)
    path, mark, query = target.partition("?")
    try:
        asked = quote(query, safe=_QUERY).encode() if mark else None
        return base.copy_with(path=base.raw_path.decode().rstrip("/") + path, query=asked)
    except (httpx2.InvalidURL, ValueError):
        problem = f"{_shown(target)} has characters that no URL has"
    raise BadTargetError(problem)


def over_http(target: str) -> str:
    """*target*, of a websocket, as it is asked for: the handshake is a request of http or https (RFC 6455, 4.1)."""
    scheme, mark, rest = target.partition("://")
    return f"http{scheme[2:]}{mark}{rest}" if scheme.lower() in ("ws", "wss") else target


def origin(url: httpx2.URL) -> str:
    """The scheme, host and port of *url*, the same for every spelling of them."""
    host = url.raw_host.decode()
    if ":" in host:
        host = f"[{ipaddress.IPv6Address(host).compressed}]"
    port = "" if url.port in (None, DEFAULT_PORTS.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


def origin_of(text: str) -> str:
    """The origin of the whole URL *text*; "" where it is none, and nothing is sent."""
    try:
        return origin(httpx2.URL(text))
    except (httpx2.InvalidURL, ValueError):
        return ""


def naming(decode: Callable[[Reply], T], field: str) -> Callable[[Reply], T]:
    """*decode*, of an answer whose *field* is where the next request goes: a whole URL, or a path of the API."""

    def checked(reply: Reply) -> T:
        answer = decode(reply)
        target: str = getattr(answer, field)
        try:
            check_path(target) if target.startswith("/") else whole(target)
        except BadTargetError as problem:
            refused = f"its {field} {problem}"
        else:
            return answer
        raise UnreadableReplyError(refused)

    return checked


def _shown(target: str) -> str:
    """*target* for a message, without what may be a password or a signature."""
    return repr(truncation.text(target.partition("?")[0].rpartition("@")[2], 100))
