"""The transport over httpx2, with timeouts that bound a whole attempt."""
