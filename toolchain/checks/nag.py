"""cdk-nag finds nothing in the templates that the ledger of exceptions does not explain, and the ledger is true."""

from toolchain.checks.infra_command import told
from toolchain.checks.outcome import Outcome


def check() -> Outcome:
    """Run `python -m infra nag`, then `python -m infra exceptions`."""
    return told("nag", "exceptions")
