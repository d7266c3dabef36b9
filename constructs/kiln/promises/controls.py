"""Short names for the controls of a promise: `asked(fsbp("ELB.4"), nist("SC-7(4)", "SC-8(2)"), pci("6.2.4"))`."""

from kiln.promises.promise import Control, Standard

Controls = tuple[Control, ...]


def asked(*groups: Controls) -> Controls:
    """All of them."""
    return tuple(control for group in groups for control in group)


def fsbp(*ids: str) -> Controls:
    """AWS Foundational Security Best Practices."""
    return tuple(Control(Standard.FSBP, id) for id in ids)


def hub(*ids: str) -> Controls:
    """Controls of Security Hub that are not in FSBP."""
    return tuple(Control(Standard.HUB, id) for id in ids)


def cis(*ids: str) -> Controls:
    """CIS AWS Foundations Benchmark v5.0.0."""
    return tuple(Control(Standard.CIS, id) for id in ids)


def nist(*ids: str) -> Controls:
    """NIST SP 800-53 revision 5."""
    return tuple(Control(Standard.NIST, id) for id in ids)


def pci(*ids: str) -> Controls:
    """PCI DSS v4.0.1."""
    return tuple(Control(Standard.PCI, id) for id in ids)
