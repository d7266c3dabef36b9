"""cdk-nag finds nothing in the templates that the ledger of exceptions does not explain, and the ledger is true."""

from toolchain.checks.infra_command import told
from toolchain.checks.outcome import Outcome


def check() -> Outcome:
    """Run `python -m infra nag`, then `python -m infra exceptions`."""
    outcomes = [told("nag"), told("exceptions")]
    faults = tuple(fault for outcome in outcomes for fault in outcome.faults)
    return Outcome(faults, "; ".join(outcome.counted for outcome in outcomes))
