"""Who did what, what is set up how, and what looks wrong."""
