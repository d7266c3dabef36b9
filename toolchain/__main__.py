"""`python -m toolchain`."""

from console.command import run
from toolchain.cli import toolchain

if __name__ == "__main__":
    run(toolchain, program="python -m toolchain")
