"""`python -m infra`: see `python -m infra --help`."""

from console.command import run
from infra.cli import infra

if __name__ == "__main__":
    run(infra, program="python -m infra")
