"""TLS of the fault proxy as memory BIOs: fed with what came, asked for what is to be sent."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Generator
from contextlib import contextmanager

from failwell._support.exception_fields import ExceptionFields

HANDSHAKE = 0x16
"""The first byte of a TLS connection; no HTTP request begins with it."""

_PLAINTEXT = 65_536


class TlsError(ExceptionFields, ConnectionError):
    """The peer does not go on with TLS; *reason* says why, in its own words if it sent an alert."""

    reason: str
    template = "{reason}"


class Tls:
    """The server's side of one TLS connection, without a socket."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def take(self, data: bytes) -> None:
        """What the peer sent."""
        self._incoming.write(data)

    def to_send(self) -> bytes:
        """What the peer is to be sent now, b"" if nothing."""
        return self._outgoing.read()

    def shake_hands(self) -> bool:
        """Go on with the handshake; True when it is done. Raises: TlsError."""
        with _in_words():
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                return False
            return True

    def decrypted(self) -> bytes | None:
        """Some of what the peer said; b"" when it has said all, None when more must come first. Raises: TlsError."""
        with _in_words():
            try:
                return self._session.read(_PLAINTEXT)
            except ssl.SSLWantReadError:
                return None
            except ssl.SSLZeroReturnError:
                return b""

    def encrypt(self, data: bytes) -> None:
        """Say *data*. Raises: TlsError."""
        with _in_words():
            self._session.write(data)

    def say_goodbye(self) -> None:
        """Say that nothing more is said."""
        # The peer's own goodbye is not waited for, and a session that broke has none to say.
        with contextlib.suppress(ssl.SSLError):
            self._session.unwrap()


@contextmanager
def _in_words() -> Generator[None]:
    try:
        yield
    except ssl.SSLError as problem:
        # Such as TLSV1_ALERT_UNKNOWN_CA, for an alert of the peer's.
        reason = problem.reason or str(problem)
        _, alert, words = reason.partition("_ALERT_")
        raise TlsError((words if alert else reason).replace("_", " ").lower()) from problem
