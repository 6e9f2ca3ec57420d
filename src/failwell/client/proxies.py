"""The HTTP proxies that the environment names, the same in both colours."""

from __future__ import annotations

import ipaddress
import urllib.request

import httpx2

from failwell.client.masks import basic
from failwell.contract.secret import Secret
from failwell.contract.value import Value


class BadProxyError(ValueError):
    """A proxy in the environment that requests cannot go through. Turned into the vendor's error."""


class Proxies(Value):
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
    excepted = tuple(entry.strip().lower() for entry in found.get("no", "").split(",") if entry.strip())
    names = ("http", "https") if {"http", "https"} <= found.keys() else ("http", "https", "all")
    return Proxies({name: _proxy(name, found[name]) for name in names if name in found}, excepted)


def secrets_of_environment() -> tuple[Secret, ...]:
    """The passwords inside the environment's proxy URLs, plain and as they are sent."""
    found: list[Secret] = []
    for text in urllib.request.getproxies_environment().values():
        try:
            url = httpx2.URL(_whole(text))
        except httpx2.InvalidURL:
            continue
        if url.password:
            found += [Secret(url.password), basic(url.username, url.password)]
    return tuple(found)


def _whole(text: str) -> str:
    return text if "://" in text else f"http://{text}"


def _proxy(name: str, text: str) -> httpx2.Proxy:
    try:
        url = httpx2.URL(_whole(text))
        if url.scheme in ("http", "https") and url.host:
            return httpx2.Proxy(url)
        problem = f"has the scheme {url.scheme!r}" if url.host else "names no host"
    except (httpx2.InvalidURL, ValueError):
        problem = "is no URL"
    raise BadProxyError(
        f"{name.upper()}_PROXY {problem}; it must be like http://proxy.example:3128. "
        "Correct or unset it, or pass a client of your own as http_client=."
    )


def _is_excepted(url: httpx2.URL, entry: str) -> bool:
    """Whether an *entry* of NO_PROXY ("*", a host, a domain, an address, a network; with a port or not) means *url*."""
    host, address = url.host.lower(), _address(url.host)
    if entry == "*" or entry in (host, f"{host}:{url.port}", f"[{host}]"):
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    return host.endswith("." + entry.removeprefix("*").removeprefix("."))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
