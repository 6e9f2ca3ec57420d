"""Agents, the sessions they are talked to in, and their answers."""
