"""Documents of an account: their text, taken out as a job, and the search in it."""
