"""HTTP proxies from the environment (HTTP_PROXY, NO_PROXY), the same in both colours."""

from __future__ import annotations

import functools
import ipaddress
import urllib.request
from typing import NamedTuple

import httpx2

from failwell._support.frozen import Frozen
from failwell._support.request_secrets import basic
from failwell._support.secret import Secret
from failwell.client.transport.targets import DEFAULT_PORTS, is_host


class BadProxyError(ValueError):
    """A proxy in the environment that requests cannot go through. Turned into the vendor's error."""


class Proxies(Frozen):
    """Proxies by scheme ("all" for both), and the hosts that are reached without one."""

    by_scheme: dict[str, httpx2.Proxy]
    excepted: tuple[str, ...]

    def name_for(self, url: httpx2.URL) -> str | None:
        """The key of the proxy on the way to *url*; None for straight there."""
        if any(_is_excepted(url, entry) for entry in self.excepted):
            return None
        return next((name for name in (url.scheme, "all") if name in self.by_scheme), None)


def of_environment() -> Proxies:
    """What HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say.

    Raises:
        BadProxyError: one of them is no URL of an HTTP proxy.
    """
    found = urllib.request.getproxies_environment()
    excepted = tuple(found.get("no", "").lower().replace(",", " ").split())
    names = ("http", "https") if {"http", "https"} <= found.keys() else ("http", "https", "all")
    return Proxies({name: _proxy(name, found[name]) for name in names if name in found}, excepted)


def secrets_of_environment() -> tuple[Secret, ...]:
    """The passwords inside the environment's proxy URLs, plain and as they are sent."""
    found: list[Secret] = []
    for text in urllib.request.getproxies_environment().values():
        try:
            url = httpx2.URL(_whole(text))
        except (httpx2.InvalidURL, ValueError):
            continue
        if url.password:
            found += [Secret(url.password), basic(url.username, url.password)]
    return tuple(found)


def _whole(text: str) -> str:
    return text if "://" in text else f"http://{text}"


def _proxy(name: str, text: str) -> httpx2.Proxy:
    try:
        url = httpx2.URL(_whole(text))
        if url.port is not None and not 0 < url.port < 65_536:
            problem = "has a port that is none"
        elif url.scheme not in ("http", "https"):
            problem = f"has the scheme {url.scheme!r}"
        elif is_host(url):
            return httpx2.Proxy(url)
        else:
            problem = "has a host that is none" if url.host else "names no host"
    except (httpx2.InvalidURL, ValueError):
        problem = "is no URL"
    raise BadProxyError(
        f"{name.upper()}_PROXY {problem}; it must be like http://proxy.example:3128. "
        "Correct or unset it, or pass a client of your own as http_client=."
    )


class _Entry(NamedTuple):
    """An entry of NO_PROXY: a network, or a domain ("" for every host); with a port or for all."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None
    domain: str
    port: int | None


def _is_excepted(url: httpx2.URL, text: str) -> bool:
    """Whether the entry *text* of NO_PROXY means *url*."""
    entry = _entry(text)
    if entry is None or (entry.port is not None and entry.port != (url.port or DEFAULT_PORTS.get(url.scheme))):
        return False
    host = url.raw_host.decode().lower().rstrip(".")
    address = _address(host)
    if entry.network is not None:
        return address is not None and address in entry.network
    if entry.domain in ("", host):
        return True
    return address is None and host.endswith(f".{entry.domain}")


@functools.lru_cache(maxsize=512)
def _entry(text: str) -> _Entry | None:
    """What *text* means: "*", a host, a domain, an address or a network, with a port or not; None for nothing."""
    host, colon, port = text, "", ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
    if colon and not (colon == ":" and port.isascii() and port.isdecimal()):
        return None
    number = int(port[:6]) if port else None
    if host == "*":
        return _Entry(None, "", number)
    try:
        return _Entry(ipaddress.ip_network(host, strict=False), "", number)
    except ValueError:
        domain = host.removeprefix("*").removeprefix(".").rstrip(".")
    if set(domain) & set("/?#@\\"):
        return None
    try:
        domain = httpx2.URL(f"http://{domain}").raw_host.decode()  # as it is spelled in URLs
    except (httpx2.InvalidURL, ValueError):
        return None
    return _Entry(None, domain, number) if domain else None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
