"""From a recipe to an image: recipe → digest → plan → Packer → check → share → record → infra/images.toml.

Read flow.py first: it is that line. Each other module is one word of it. `bake.packer` is the wrapper around Packer; it
knows nothing of the rest.
"""
