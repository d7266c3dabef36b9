"""Looking at images: `python -m bake list`, `show` and `diff`. Nothing here changes anything."""
