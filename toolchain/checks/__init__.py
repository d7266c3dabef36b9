"""`make check`: what has to hold of the tree before anything lands. One module per check that no tool does for us."""
