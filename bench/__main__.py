"""`python -m bench`: see `python -m bench --help`."""

from bench.cli import bench
from console.command import run

if __name__ == "__main__":
    run(bench, program="python -m bench")
