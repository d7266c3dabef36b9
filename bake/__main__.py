"""`python -m bake web`."""

import gc

# Nothing of what a command imports and makes at first is garbage, and to look for it takes a seventh of its start.
# `Baker.run`, which takes minutes, has it looked for again.
gc.disable()

from console.command import run  # isort: skip  # noqa: E402 - first: it says so where the packages are missing
from bake.cli import bake  # noqa: E402

if __name__ == "__main__":
    run(bake, program="python -m bake")
