"""The contract for clients that exist already: one line around their calls, one file for each HTTP library."""
