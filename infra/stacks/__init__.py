"""One stack one file; each body reads as a diagram of what the stack is made of."""
