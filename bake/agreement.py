"""Does EC2 agree with Packer? An image counts only when it is available, ours, and tagged as it was asked to be."""

from collections.abc import Iterable, Mapping
from typing import Any

from console.aws import Aws, errors
from console.errors import KilnError


def describe(aws: Aws, image_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Image id → EC2's description; an image that is gone is not in it. One call for all."""
    # asked for by a filter: an id that is gone is no error in it, as it is where images are asked for by their ids
    if not (filters := [{"Name": "image-id", "Values": sorted(set(image_ids))}])[0]["Values"]:
        return {}
    with errors("asking for images (ec2:DescribeImages)"):
        pages = aws.client("ec2").get_paginator("describe_images").paginate(Filters=filters, IncludeDisabled=True)
        return {image["ImageId"]: image for page in pages for image in page["Images"]}


def tags_of(description: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in description.get("Tags", ())}


def snapshots_of(description: Mapping[str, Any]) -> tuple[str, ...]:
    devices = description.get("BlockDeviceMappings", ())
    return tuple(d["Ebs"]["SnapshotId"] for d in devices if d.get("Ebs", {}).get("SnapshotId"))


def is_protected(description: Mapping[str, Any]) -> bool:
    """Whether EC2 refuses to deregister it; with a cool-down also for some time after the protection was taken away.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html
    """
    return str(description.get("DeregistrationProtection", "disabled")) != "disabled"


def disagreements(description: Mapping[str, Any] | None, *, owner: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """Where a description differs from what was asked for. Pure; empty where it agrees."""
    if description is None:
        return ("it does not exist",)
    found = []
    if description.get("State") != "available":
        found.append(f"its state is {description.get('State')}, not available")
    if description.get("OwnerId") != owner:
        found.append(f"its owner is {description.get('OwnerId')}, not {owner}")
    if description.get("Public"):
        found.append("it is public")
    actual = tags_of(description)
    wrong = [f"{key} is {actual.get(key)!r}, not {value!r}" for key, value in tags.items() if actual.get(key) != value]
    return (*found, *(f"its tag {one}" for one in wrong))


def check(aws: Aws, image_id: str, *, owner: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """EC2's description of the image. Raises KilnError where EC2 and Packer disagree."""
    description = describe(aws, [image_id]).get(image_id)
    if found := disagreements(description, owner=owner, tags=tags):
        raise KilnError("Packer made an image that EC2 tells differently", where=image_id, found="; ".join(found))
    assert description
    return description
