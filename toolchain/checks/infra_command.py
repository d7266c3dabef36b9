"""Checks that are commands of `infra`, which knows Payroll and starts the CDK; here they are only run."""

from toolchain.checks.outcome import Outcome, output_of
from toolchain.layout import BIN


def told(*words: str) -> Outcome:
    """What `python -m infra WORDS` says: its last line where all is well, else everything."""
    code, output = output_of([BIN / "python", "-m", "infra", *words])
    if code:
        return Outcome((output or f"python -m infra {' '.join(words)}: exit code {code}",))
    return Outcome(counted=output.splitlines()[-1] if output else "")
