"""The TCP server before the real one, which resets, cuts, drips and stays silent."""
