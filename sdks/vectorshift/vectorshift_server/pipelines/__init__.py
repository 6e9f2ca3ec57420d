"""Pipelines: graphs of nodes, which are checked when they are saved."""
