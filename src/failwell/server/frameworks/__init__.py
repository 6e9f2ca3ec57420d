"""Frameworks: how a contract finds its way into the apps of each, in the way that its users know."""
