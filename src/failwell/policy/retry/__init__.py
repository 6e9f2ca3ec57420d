"""Whether a call is repeated, and after how long."""
