"""What is decided about idempotency keys: which requests have a record, what of an answer is kept, and what refused."""

from __future__ import annotations

import hashlib
import re
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from failwell.server.idempotency.store import Store
from failwell.server.refusal import Refusal, sizes

READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

NEVER_KEPT = frozenset({401, 402, 403, 404, 413, 422, 429})
"""Answers to something the caller can put right: the same key may be tried again once it has."""

DEFAULT_HEADERS = frozenset(
    {
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-location",
        "content-type",
        "etag",
        "last-modified",
        "link",
        "location",
        "retry-after",
        "vary",
    }
)
"""Headers that belong to an answer, and are replayed with it. All others belong to one exchange."""

BODY_CAP = 8 * 1024 * 1024
"""Bytes that the body of a request with a key may have, unless somebody says otherwise: it is held in memory."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Answers are kept in *store*, and given again to who repeats a request with the same key.

    *kept* is for how long. A request body above *body_cap* bytes is refused when it comes with a key; a reply above
    *response_cap*, or one that is streamed, is sent but not kept. *keep_server_errors* keeps a 5xx that came after the
    first side effect. Durations are seconds.

    *lease* is for how long a key is taken after its owner died. An owner that lives renews it twelve times in its
    length; one that stands still for longer, as a stopped process does, loses the key to the next who asks, and cannot
    change the record any more. *in_progress_wait* is the Retry-After of a 409 while the first call still runs; once
    the owner is overdue with a renewal, it is what is left of the lease.

    *when_down* says what happens when the store fails, or does not answer within *patience* seconds: "closed", the
    default, refuses requests that have a key with 503 and Retry-After; "open" lets them run without a record, so that
    a retry may do the work twice. Requests without a key never notice. An answer that cannot be kept within *patience*
    is sent all the same; keeping it is tried for another *lease*, and its key stays taken meanwhile.

    *remembers_effects* has the store remember the first side effect of a request before it begins, in an app that
    `declares_effects` and is "closed" when the store is down. Then who takes over from a process that was killed knows
    whether that one had done anything, and nothing begins whose key belongs to somebody else by now. It is one more
    round trip; without it such a key is "unknown".

    Raises:
        ValueError: *headers* has `set-cookie`, which would hand one caller's session to another, or *patience* is not
            below *lease*, which would let a lease end before its claim is known.
    """

    store: Store
    _: KW_ONLY
    kept: float = 24 * 3600.0
    lease: float = 60.0
    body_cap: int = BODY_CAP
    response_cap: int = 8 * 1024 * 1024
    keep_server_errors: bool = False
    when_down: Literal["closed", "open"] = "closed"
    patience: float = 3.0
    in_progress_wait: int = 1
    headers: frozenset[str] = DEFAULT_HEADERS
    remembers_effects: bool = True

    def __post_init__(self) -> None:
        if "set-cookie" in {name.lower() for name in self.headers}:
            raise ValueError("Set-Cookie is never replayed: take it out of headers=.")
        if not 0 < self.patience < self.lease:
            raise ValueError(
                f"patience={self.patience:g} must lie between 0 and lease={self.lease:g}, or a lease may end "
                "while its claim still waits for the store. Shorten patience=, or lengthen lease=."
            )

    @property
    def tells(self) -> bool:
        """Whether the store hears of side effects before they begin: it must be there then, or they do not begin."""
        return self.remembers_effects and self.when_down == "closed"

    def keeps(self, status: int, *, effects: bool) -> bool:
        """Whether an answer of *status* is kept; *effects* says whether the operation had its first side effect."""
        if status in NEVER_KEPT:
            return False
        if status >= 500:
            return effects and self.keep_server_errors
        return 200 <= status < 300 or effects


def has_record(method: str) -> bool:
    """Whether a key on *method* means anything: what only reads may be repeated anyway."""
    return method not in READS


def checked(key: str, header: str) -> str:
    """The *key* as it is.

    Raises:
        Refusal: it is no key.
    """
    if _KEY.fullmatch(key):
        return key
    long = not 1 <= len(key) <= 255
    problem = f"must have 1 to 255 characters, it has {len(key)}" if long else "must have visible ASCII characters only"
    raise Refusal(
        422,
        f'The header "{header}" {problem}. Send a UUID.',
        entries=[{"loc": ["header", header], "msg": f"The key {problem}", "type": "idempotency_key_invalid"}],
    )


def fingerprint(query: bytes, body: bytes) -> bytes:
    """What must be the same when a key comes again: the raw body, and the query beside it."""
    return hashlib.sha256(len(query).to_bytes(8, "big") + query + body).digest()


def conflict(key: str) -> Refusal:
    """The 409 for a *key* that was used for something else."""
    message = f'The idempotency key "{key}" was used for another body. Use a new key for a new body.'
    return Refusal(409, message, code="idempotency_conflict")


def in_progress(key: str, wait: int) -> Refusal:
    """The 409 for a *key* whose first call still runs, or did not end; it may be tried again after *wait* seconds."""
    message = f'The first call with the idempotency key "{key}" still runs. Try again in {wait} s.'
    return Refusal(409, message, code="idempotency_in_progress", headers={"retry-after": str(wait)})


def too_large(cap: int, size: int | None = None) -> Refusal:
    """The 413 for a body that is not held in memory; *size* is what it has, if that is known."""
    message = f"A request with an idempotency key may have {cap} bytes of body, this one has more."
    return Refusal(413, message, facts=sizes(cap, size))


def store_down() -> Refusal:
    """The 503 when nobody can tell whether a key was used before."""
    message = "Idempotency keys cannot be checked at the moment. Try again in a few seconds, with the same key."
    return Refusal(503, message, headers={"retry-after": "2"})
