"""Starlette and FastAPI: exception handlers, the order of middleware, the document of a FastAPI app."""
