"""Signed URLs: the URL itself is the permission, for one method, one thing and a while."""

from __future__ import annotations

import hashlib
import hmac

from pictograph.exceptions import ForbiddenError
from pictograph_server.store import Store
from pictograph_server.times import Clock


def sign(store: Store, method: str, id_: str, expires: int) -> str:
    """The path and query at which *method* may be used on *id_* until *expires*, in seconds since the epoch."""
    return f"/signed/{id_}?expires={expires}&signature={_signature(store, method, id_, expires)}"


def check_signed(store: Store, clock: Clock, method: str, id_: str, *, expires: int, signature: str) -> None:
    """Raise ForbiddenError if *signature* is not ours for this, or its time is over."""
    what = "upload" if method == "PUT" else "download"
    # Compared as bytes: a signature with letters outside of ASCII is wrong, not a TypeError.
    expected = _signature(store, method, id_, expires).encode()
    if not hmac.compare_digest(expected, signature.encode("utf-8", "replace")):
        raise ForbiddenError(f"The signature of this {what} URL is wrong. Ask for a new URL.")
    late = clock.wall() - expires
    if late >= 0:
        raise ForbiddenError(f"This {what} URL expired {late:.0f} s ago. Ask for a new URL.")


def _signature(store: Store, method: str, id_: str, expires: int) -> str:
    return hmac.new(store.signing_key, f"{method} {id_} {expires}".encode(), hashlib.sha256).hexdigest()
