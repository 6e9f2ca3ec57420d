"""Retry budget, circuit breaker and pacing: what the calls to one origin share."""
