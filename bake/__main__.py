"""`python -m bake web`."""

from bake.cli import bake
from console.command import run

run(bake, program="python -m bake")
