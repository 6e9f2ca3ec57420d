"""Runs what the policies decide, over any HTTP library: drivers of both colours, and the state that calls share."""
