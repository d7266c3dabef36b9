"""What sharing needs to know of an image in each of its regions, and of the accounts that are to see it."""

from collections.abc import Mapping
from typing import Any

from bake.image import ImageRecord
from bake.inventory import GONE
from bake.share import Shared
from console.accounts import Accounts
from console.aws import Aws, errors
from console.errors import KilnError
from infra.parameters import load_all


def everywhere(
    record: ImageRecord,
    clients: Mapping[str, Aws],
    keys: Mapping[str, str],
    described: Mapping[str, Mapping[str, Any]],
) -> dict[str, Shared]:
    """Region → the image there with its snapshots and their key, in all regions of the record.

    Args:
        keys: region → the key that images are encrypted with there, where it is known.
        described: AMI id → what EC2 says of it.

    Raises KilnError for an image that is not available: nothing is shared then.
    """
    found = {}
    for region, image in sorted(record.image_ids.items()):
        state = described.get(image, {}).get("State", GONE)
        if state != "available":
            raise KilnError(
                "an image that is not there cannot be shared",
                where=f"{image} in {region}",
                found=f"it is {state}",
                expected="available",
                next_step=f"python -m bake list {record.recipe}",
            )
        snapshots = record.snapshot_ids.get(region, ())
        key = keys.get(region) or key_of(clients[region], snapshots)
        found[region] = Shared(image, snapshots, key)
    return found


def key_of(aws: Aws, snapshots: tuple[str, ...]) -> str:
    """The ARN of the key that snapshots are under. Raises KilnError where they are not all under one."""
    with errors(f"asking for snapshots in {aws.region} (ec2:DescribeSnapshots)"):
        answer = aws.client("ec2").describe_snapshots(SnapshotIds=list(snapshots))["Snapshots"] if snapshots else []
    keys = {str(one.get("KmsKeyId", "none")) for one in answer}
    if len(keys) != 1 or "none" in keys:
        raise KilnError(
            "the snapshots of an image are not encrypted under one key",
            where=f"{', '.join(snapshots) or 'no snapshot'} in {aws.region}",
            found=", ".join(sorted(keys)) or "no snapshots",
        )
    return keys.pop()


def environments() -> dict[str, str]:
    """Account → the name of its environment."""
    return {one.account: one.name for one in load_all()}


def readers(home: Aws) -> Accounts:
    """Who can ask as other accounts."""
    return Accounts.of(load_all(), home)
