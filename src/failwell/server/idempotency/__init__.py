"""Idempotency keys: claims, leases, replays and where they are stored."""
