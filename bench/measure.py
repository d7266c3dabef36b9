"""Commands with their wall time, variants that take turns, and the table that comes of it.

Every run is a process of its own, as a user starts it. Variants take turns, so that a slow moment of the machine meets
all of them; only the ratios say something beyond this machine and this moment.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.errors import KilnError

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Table:
    """What was measured, in `unit`, each several times; the ratios are of medians, and the first entry is 1."""

    title: str
    measured: Mapping[str, Sequence[float]]
    unit: str = "s"
    notes: tuple[str, ...] = field(default=())

    @property
    def ratios(self) -> dict[str, float]:
        """What → its median against that of the first."""
        medians = {what: statistics.median(values) for what, values in self.measured.items()}
        base = next(iter(medians.values()))
        return {what: median / base for what, median in medians.items()}

    def markdown(self) -> str:
        """A heading, the table and the notes."""
        lines = [
            f"## {self.title}",
            "",
            f"| | runs | lowest {self.unit} | median {self.unit} | ratio |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for what, values in self.measured.items():
            figures = f"{min(values):.2f} | {statistics.median(values):.2f} | {self.ratios[what]:.2f}"
            lines.append(f"| {what} | {len(values)} | {figures} |")
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)])


def goal(what: str, found: float, at_most: float) -> str:
    """A sentence that says whether a goal is met."""
    return f"{what}: {found:.2f}. The goal is {at_most:g}: {'met' if found <= at_most else 'not met'}."


def timed(command: Sequence[str], folder: Path = ROOT, variables: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Seconds and standard output of a command. Raises KilnError where it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=variables or os.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise KilnError(f"a measured command ended with {done.returncode}", where=" ".join(command[:5]), found=tail)
    return seconds, done.stdout


def take_turns(variants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run all variants, round after round: what each of them gave."""
    measured: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            measured[name].append(variant())
    return measured
