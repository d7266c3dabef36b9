"""What the templates say fits together, keeps what holds state, and needs no other permissions than those reviewed."""

from toolchain.checks.infra_command import told
from toolchain.checks.outcome import Outcome

COMMANDS = (("contracts",), ("lock",), ("permissions", "--check"))


def check() -> Outcome:
    """Run `python -m infra contracts`, `lock` and `permissions --check`."""
    outcomes = [told(*command) for command in COMMANDS]
    faults = tuple(fault for outcome in outcomes for fault in outcome.faults)
    return Outcome(faults, outcomes[0].counted)
