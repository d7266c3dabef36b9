"""Checks that are commands of `infra`, which knows Payroll and starts the CDK; here they are only run."""

from collections.abc import Sequence

from toolchain.checks.outcome import Outcome, output_of
from toolchain.layout import BIN


def told(*commands: str) -> Outcome:
    """What `python -m infra` says to each command: its last line where all is well, else everything."""
    outcomes = [_told(command.split()) for command in commands]
    faults = tuple(fault for outcome in outcomes for fault in outcome.faults)
    return Outcome(faults, "; ".join(outcome.counted for outcome in outcomes))


def _told(words: Sequence[str]) -> Outcome:
    code, output = output_of([BIN / "python", "-m", "infra", *words])
    if code:
        return Outcome((output or f"python -m infra {' '.join(words)}: exit code {code}",))
    return Outcome(counted=output.splitlines()[-1] if output else "")
