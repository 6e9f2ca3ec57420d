"""What a code, a status, a class or a pasted body means."""
