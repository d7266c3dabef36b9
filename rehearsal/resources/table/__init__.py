"""The table: resource type → how it is made, changed and removed. A type that is not in it fails its stack.

CloudFormation's own aws:cloudformation:* tags are not set: moto refuses tags with that prefix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.resources.kind import Kind
from rehearsal.resources.table import compute, identity, network, own, storage

TABLE: Mapping[str, Kind] = {
    **network.TABLE,
    **compute.TABLE,
    **identity.TABLE,
    **storage.TABLE,
    **own.TABLE,
}


@dataclass(frozen=True, slots=True)
class ResourceTypeStatus:
    """What the docs say of one type.

    `status`: "emulated", or "recorded" with the reason in `remark`. `skipped`: property → why it is not honoured.
    """

    type: str
    status: Literal["emulated", "recorded"]
    service: str
    update_policies: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""


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
        )
        for name, kind in sorted(TABLE.items())
    ]
