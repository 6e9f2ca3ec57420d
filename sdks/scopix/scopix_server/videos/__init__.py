"""Videos: uploaded in chunks, and analysed."""
