"""Where data is kept, and the keys to it."""
