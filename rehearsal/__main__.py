"""`python -m rehearsal …`."""

from console.command import run
from rehearsal.cli import rehearsal

if __name__ == "__main__":
    run(rehearsal, program="python -m rehearsal")
