"""Who calls: a tenant and its role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request: whose data it is about, with which key, in which role, and within whose limits.

    *tier* is what the tenant pays for; "" if the key was made for none.
    """

    tenant: str
    key_id: str
    role: str
    tier: str = ""
