"""What the templates say fits together, keeps what holds state, and needs no other permissions than those reviewed."""

from toolchain.checks.infra_command import told
from toolchain.checks.outcome import Outcome


def check() -> Outcome:
    """Run `python -m infra contracts`, `lock` and `execution-policy --check`."""
    return told("contracts", "lock", "execution-policy --check")
