"""Bodies, request ids, responses and server-sent events of an ASGI server."""
