"""What looks at pictures. It knows nothing of HTTP, nor of the contract."""
