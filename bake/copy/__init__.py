"""Copies of an image in further regions, `python -m bake copy`: encrypted there, shared, and in the record."""
