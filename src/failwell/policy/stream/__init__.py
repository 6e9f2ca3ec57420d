"""A stream of server-sent events, resumed after a cut."""
