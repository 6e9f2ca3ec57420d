"""Files of an account: how they arrive, what they are, and what is said of them."""
