"""Who asks for a promise: `asked("ELB.4")` is that control of Security Hub and every requirement it answers to."""

import re

from kiln.promises.promise import Control, Standard
from kiln.promises.requirements import REQUIREMENTS, Requirements

Controls = tuple[Control, ...]


def asked(*ids: str) -> Controls:
    """These controls of Security Hub and what they answer to, each once, standard by standard.

    Raises:
        KeyError: a control that `requirements` does not have.
    """
    found = {control for id in ids for control in _answers(id, REQUIREMENTS[id])}
    return tuple(sorted(found, key=_as_read))


def _answers(id: str, to: Requirements) -> list[Control]:
    own = Control(Standard.FSBP if to.fsbp else Standard.HUB, id)
    others = ((Standard.CIS, to.cis), (Standard.NIST, to.nist), (Standard.PCI, to.pci))
    return [own, *(Control(standard, one) for standard, ids in others for one in ids.split())]


def _as_read(control: Control) -> tuple[int, list[str | int]]:
    """By standard, and inside one by what people count: SC-7(3) before SC-7(11)."""
    parts: list[str | int] = [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", control.id)]
    return list(Standard).index(control.standard), parts
