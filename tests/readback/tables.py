"""Every promise of the ledger: how it is read back from a service, or why nothing can be asked.

A table per family of `kiln.promises`; each has `READINGS` and `UNREADABLE`.
"""

from collections.abc import Mapping

from tests.readback.reading import Reading
from tests.readback.readings import (
    audit,
    backup,
    buckets,
    compute,
    containers,
    database,
    edge,
    functions,
    identity,
    keys,
    load_balancing,
    messaging,
    network,
    operations,
)

FAMILIES = (
    network,
    compute,
    load_balancing,
    database,
    messaging,
    keys,
    buckets,
    audit,
    backup,
    identity,
    operations,
    edge,
    containers,
    functions,
)

READINGS: tuple[Reading, ...] = tuple(reading for family in FAMILIES for reading in family.READINGS)
UNREADABLE: Mapping[str, str] = {id: why for family in FAMILIES for id, why in family.UNREADABLE.items()}
"""Promise → the reason why no API says whether it is kept."""
