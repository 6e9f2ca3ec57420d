"""Whether sandbox, server, client and page agree on each case of a contract."""
