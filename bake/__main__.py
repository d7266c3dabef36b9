"""`python -m bake web`."""

from console.command import run  # isort: skip  # first: it says so where the packages are missing
from bake.cli import bake

if __name__ == "__main__":
    run(bake, program="python -m bake")
