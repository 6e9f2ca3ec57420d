"""Rate limits: token bucket, windows and tiers."""
