"""Test certificates, good and bad, by an authority made anew each time; no key is kept in a file."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from failwell.sandbox.faults.steps import CertificateKind

if TYPE_CHECKING:
    import trustme

LOCAL = ("127.0.0.1", "::1", "localhost")

OTHER_HOST = "elsewhere.example"
"""Whom a "wrong-host" certificate is for."""


class Certificates:
    """What a server on *host* shows, vouched for by an authority of its own."""

    def __init__(self, host: str) -> None:
        self._hosts = LOCAL if host in LOCAL or not host else (*LOCAL, host)
        self._authority = _new_authority()
        self._contexts: dict[CertificateKind | None, ssl.SSLContext] = {}

    @property
    def authority(self) -> bytes:
        """The authority's own certificate, as PEM: who trusts it accepts the good certificate."""
        return self._authority.cert_pem.bytes()

    def context(self, kind: CertificateKind | None) -> ssl.SSLContext:
        """What a server needs to show the certificate of *kind*, None for the good one."""
        found = self._contexts.get(kind)
        if found is None:
            found = self._contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            found.set_alpn_protocols(["http/1.1"])
            self._issued(kind).configure_cert(found)
        return found

    def _issued(self, kind: CertificateKind | None) -> trustme.LeafCert:
        if kind == "unknown-authority":
            return _new_authority().issue_cert(*self._hosts)
        if kind == "wrong-host":
            return self._authority.issue_cert(OTHER_HOST)
        if kind == "expired":
            end = datetime.now(UTC) - timedelta(days=1)
            return self._authority.issue_cert(*self._hosts, not_before=end - timedelta(days=90), not_after=end)
        return self._authority.issue_cert(*self._hosts)


def _new_authority() -> trustme.CA:
    # Loaded with the first server: the cryptography behind it takes longer than the rest of this package.
    import trustme

    return trustme.CA(organization_name="Failwell sandbox", organization_unit_name="Valid until it stops")
