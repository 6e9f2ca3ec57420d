"""Knowledge bases: files that are uploaded, ingested by the worker, and searched."""
