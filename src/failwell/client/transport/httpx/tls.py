"""TLS trust: the certificate authorities of the system, or those that the environment names."""

from __future__ import annotations

import functools
import os
import ssl

import httpx2

TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name whom to trust, instead of those whom the system trusts."""


class BadTrustError(Exception):
    """The certificates that the environment names cannot be loaded."""


def tls_context() -> ssl.SSLContext:
    """The settings of TLS for all our clients.

    Raises:
        BadTrustError: what SSL_CERT_FILE or SSL_CERT_DIR names cannot be loaded.
    """
    return _tls_context(*(os.environ.get(name) for name in TRUST))


@functools.cache
def _tls_context(*trust: str | None) -> ssl.SSLContext:
    # Made once for each setting: to load the certificates takes longer than a call.
    try:
        return httpx2.create_ssl_context()
    except OSError as problem:
        named = next((f"{name} ({value})" for name, value in zip(TRUST, trust, strict=True) if value), "this system")
        reason = problem.reason.replace("_", " ").lower() if isinstance(problem, ssl.SSLError) else problem.strerror
    raise BadTrustError(
        f"The certificates of {named} cannot be loaded: {reason}. "
        "Let SSL_CERT_FILE name a file of certificates as PEM, or unset it."
    )
