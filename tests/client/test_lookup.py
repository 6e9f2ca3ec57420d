from __future__ import annotations

import socket
import threading
from typing import Any

import httpcore2
import pytest

from failwell.client.transport.httpx import dns
from failwell.client.transport.httpx.dns import MOST_AT_ONCE, addresses

from .holes import names


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address(host: str) -> None:
    """
    An address is not looked up: no helper thread is needed.
    """
    before = set(threading.enumerate())

    assert [host] == addresses(host, 80, 1.0)
    assert set() == set(threading.enumerate()) - before


@pytest.mark.parametrize("seconds", [1.0, None])
def test_a_name(seconds: float | None) -> None:
    """
    A name leads to its addresses in the order in which the system gives them, each once.
    """
    with names(some_test=["127.0.0.9", "127.0.0.8", "127.0.0.9"]):
        assert ["127.0.0.9", "127.0.0.8"] == addresses("some.test", 80, seconds)


def test_a_link_local_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An address that is only good on one network interface keeps the name of it.
    """

    def getaddrinfo(*_asked: Any, **_more: Any) -> Any:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 2))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    assert ["fe80::1%2"] == addresses("some.test", 80, 1.0)


@pytest.mark.parametrize("seconds", [1.0, None])
def test_no_such_name(seconds: float | None) -> None:
    """
    A name that leads nowhere is an OSError, as the system raised it, with no frame of the helper thread.
    """
    found = threading.Event()
    found.set()
    with names(no_test=found), pytest.raises(socket.gaierror, match="Name or service not known"):
        addresses("no.test", 80, seconds)


def test_places_are_given_back() -> None:
    """
    A look-up that ended makes room for another, also when it came too late.
    """
    hanging = threading.Event()
    with names(slow_test=hanging):
        with pytest.raises(httpcore2.ConnectTimeout, match="took too long"):
            addresses("slow.test", 80, 0.01)
        hanging.set()
        for thread in threading.enumerate():
            if thread.name == "look up slow.test":
                thread.join(5.0)

    assert MOST_AT_ONCE == dns._places._value
