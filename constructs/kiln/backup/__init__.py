"""Copies that outlive a mistake, and the proof that they can be restored."""
