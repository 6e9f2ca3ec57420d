"""Runs of pipelines: jobs of the worker, which survive it."""
