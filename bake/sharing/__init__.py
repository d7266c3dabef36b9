"""Sharing a finished image, `python -m bake share`: with accounts, organizations, and asking whether they see it."""
