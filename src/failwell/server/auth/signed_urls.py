"""Signed URLs (HMAC): the URL itself is the permission, for one method, one thing and a while."""

from __future__ import annotations

import hashlib
import hmac

from failwell.contract.catalogues.catalogue import Catalogue
from failwell.server.refusal import Refusal, as_error


class SignedUrls:
    """Makes and checks signed URLs with a secret *key*. Raises: the 403 of *catalogue*."""

    def __init__(self, key: bytes, catalogue: Catalogue) -> None:
        self._key = key
        self._catalogue = catalogue

    def sign(self, method: str, id_: str, expires: int) -> str:
        """The path and query at which *method* may be used on *id_* until *expires*, in seconds since the epoch."""
        return f"/signed/{id_}?expires={expires}&signature={self._signature(method, id_, expires)}"

    def check(self, method: str, id_: str, *, expires: int, signature: str, now: float) -> None:
        """Return if *signature* is ours for this, and its time is not over."""
        what = "upload" if method == "PUT" else "download"
        # Compared as bytes: a signature with letters outside of ASCII is wrong, not a TypeError.
        expected = self._signature(method, id_, expires).encode()
        if not hmac.compare_digest(expected, signature.encode("utf-8", "replace")):
            raise self._forbidden(f"The signature of this {what} URL is wrong. Ask for a new URL.")
        if now >= expires:
            raise self._forbidden(f"This {what} URL expired {now - expires:.0f} s ago. Ask for a new URL.")

    def _signature(self, method: str, id_: str, expires: int) -> str:
        return hmac.new(self._key, f"{method} {id_} {expires}".encode(), hashlib.sha256).hexdigest()

    def _forbidden(self, message: str) -> Exception:
        return as_error(Refusal(403, message), self._catalogue)
