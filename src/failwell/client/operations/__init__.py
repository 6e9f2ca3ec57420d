"""Methods of an SDK, written once and typed in both colours: one call, pages, streams, batches, uploads, sessions."""
