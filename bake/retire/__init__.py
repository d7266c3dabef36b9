"""The end of an image's life: what still uses it, what is to be done with it and why, and doing it."""
