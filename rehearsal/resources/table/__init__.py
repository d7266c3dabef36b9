"""The table: resource type → how it is made, changed and removed. A type that is not in it fails its stack.

CloudFormation's own aws:cloudformation:* tags are not set: moto refuses tags with that prefix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.resources import coverage
from rehearsal.resources.coverage import PropertyStatus
from rehearsal.resources.kind import Kind
from rehearsal.resources.table import (
    audit,
    backup,
    compute,
    containers,
    databases,
    edge,
    functions,
    identity,
    logs,
    messaging,
    network,
    operations,
    own,
    public_access,
    scaling,
    storage,
)

TABLE: Mapping[str, Kind] = {
    **network.TABLE,
    **compute.TABLE,
    **scaling.TABLE,
    **identity.TABLE,
    **storage.TABLE,
    **databases.TABLE,
    **messaging.TABLE,
    **backup.TABLE,
    **audit.TABLE,
    **operations.TABLE,
    **logs.TABLE,
    **edge.TABLE,
    **containers.TABLE,
    **functions.TABLE,
    **public_access.TABLE,
    **own.TABLE,
}


@dataclass(frozen=True, slots=True)
class ResourceTypeStatus:
    """What the docs say of one type.

    `status`: "emulated", or "recorded" with the reason in `remark`. `skipped`: property → why it is not honoured.
    `properties`: what becomes of each; none for a type whose function takes them all.
    """

    type: str
    status: Literal["emulated", "recorded"]
    service: str
    update_policies: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    properties: tuple[PropertyStatus, ...] = ()


def describe() -> list[ResourceTypeStatus]:
    """Every type that is emulated or recorded, in alphabetical order; everything else fails its stack."""
    return [
        ResourceTypeStatus(
            name,
            "recorded" if kind.recorded else "emulated",
            kind.service,
            tuple(sorted(kind.update_policies)),
            kind.skipped,
            kind.recorded or kind.remark,
            () if name in own.BY_THE_ENGINE else coverage.properties(name, kind),
        )
        for name, kind in sorted(TABLE.items())
    ]
