"""What an instance is launched from: the launch template's version resolved, compared and turned into RunInstances.

The data are spelled out in the request, instead of only naming the template, because moto takes only some of them from
it (no metadata options, no profile, no volume tags); the template is named too, for the tags that EC2 derives from it.
"""

import base64
import hashlib
import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.groups.model import Source, Subnet

GROUP_TAG = "aws:autoscaling:groupName"


class LaunchError(Exception):
    """An instance cannot be launched; the message is for the scaling activity."""


@dataclass(frozen=True, slots=True)
class LaunchData:
    """A launch template's version as it is. `arguments` are RunInstances parameters without place and tags."""

    template_id: str
    template_name: str
    number: int
    fingerprint: str
    arguments: Mapping[str, Any]
    tags: Mapping[str, Mapping[str, str]]

    def shown(self) -> dict[str, str]:
        """The template as DescribeAutoScalingGroups shows it for an instance."""
        return {
            "LaunchTemplateId": self.template_id,
            "LaunchTemplateName": self.template_name,
            "Version": str(self.number),
        }


class Launches:
    """Looks launch data up; versions never change, so each is asked for once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[tuple[str, str, Source], LaunchData] = {}
        self._lock = threading.Lock()

    def resolve(self, account: str, region: str, source: Source) -> LaunchData:
        """The launch data of a source. Raises LaunchError where the template or its version does not exist."""
        key = (account, region, source)
        with self._lock:
            if key in self._known:
                return self._known[key]
        ec2 = self._clients.get("ec2", account, region)
        try:
            found = ec2.describe_launch_template_versions(
                LaunchTemplateId=source.template_id, Versions=[source.version]
            )["LaunchTemplateVersions"]
        except (ClientError, BotoCoreError) as error:
            raise LaunchError(str(error)) from error
        if not found:
            raise LaunchError(f"launch template {source.template_id} has no version {source.version}")
        data = launch_data(
            found[0],
            source,
            ec2.meta.service_model.operation_model("RunInstances").input_shape,
        )
        if not source.version.startswith("$"):
            with self._lock:
                self._known[key] = data
        return data


def launch_data(version: Mapping[str, Any], source: Source, shape: Any) -> LaunchData:
    """The launch data in a version as DescribeLaunchTemplateVersions shows it; `shape` is RunInstances' input shape."""
    data = {k: v for k, v in version["LaunchTemplateData"].items() if v not in (None, "", [], {})}
    if source.types:
        data["InstanceType"] = source.types[0]
    tags: dict[str, dict[str, str]] = {}
    for specification in data.pop("TagSpecifications", ()):
        # moto keeps the tags of the template itself among those of what it launches, and only in version 1.
        if specification["ResourceType"] != "launch-template":
            tags.setdefault(specification["ResourceType"], {}).update(_pairs(specification["Tags"]))
    # Any type of the policy is as good as the others, and Spot as good as on demand: they do not make obsolete.
    canonical = json.dumps([data, tags, *([source.types] if source.types else [])], sort_keys=True, default=str)
    if "RamDiskId" in data:
        data["RamdiskId"] = data.pop("RamDiskId")
    if "UserData" in data:
        data["UserData"] = base64.b64decode(data["UserData"])  # boto3 encodes it again
    return LaunchData(
        version["LaunchTemplateId"],
        version["LaunchTemplateName"],
        int(version["VersionNumber"]),
        hashlib.sha256(canonical.encode()).hexdigest(),
        fit(data, shape),
        tags,
    )


@dataclass(frozen=True, slots=True)
class Purchase:
    """How one instance is bought; without a type it is the launch template's."""

    spot: bool = False
    instance_type: str = ""


def purchase(source: Source, on_demand: int, spot: int) -> Purchase:
    """How the next instance is bought, besides so many on demand and on Spot, so that the distribution is kept.

    Shares are rounded up in favour of on demand; on demand takes the first type, Spot one after the other
    (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html).
    """
    total = on_demand + spot + 1
    above = max(0, total - source.on_demand_base)
    wanted = min(total, source.on_demand_base) + math.ceil(above * source.on_demand_percent / 100)
    if on_demand < wanted:
        return Purchase(False, source.types[0] if source.types else "")
    return Purchase(True, source.types[spot % len(source.types)] if source.types else "")


def run_arguments(
    data: LaunchData, subnet: Subnet, group: str, propagated: Mapping[str, str], bought: Purchase | None = None
) -> dict[str, Any]:
    """The RunInstances request for one instance of a group in a subnet."""
    arguments = dict(data.arguments)
    if bought and bought.instance_type:
        arguments["InstanceType"] = bought.instance_type
    if bought and bought.spot:
        arguments["InstanceMarketOptions"] = {"MarketType": "spot"}
    interfaces = [dict(i) for i in arguments.pop("NetworkInterfaces", ())]
    place: dict[str, Any] = {"SubnetId": subnet.id}
    if interfaces:  # a subnet is named with the first interface or with the instance, not with both
        place = {
            "NetworkInterfaces": [
                {**interfaces[0], "SubnetId": subnet.id},
                *interfaces[1:],
            ]
        }
    tags = {
        **data.tags,
        "instance": {**data.tags.get("instance", {}), **propagated, GROUP_TAG: group},
    }
    return {
        **arguments,
        **place,
        "MinCount": 1,
        "MaxCount": 1,
        "LaunchTemplate": {
            "LaunchTemplateId": data.template_id,
            "Version": str(data.number),
        },
        "TagSpecifications": [
            {
                "ResourceType": kind,
                "Tags": [{"Key": k, "Value": v} for k, v in pairs.items()],
            }
            for kind, pairs in sorted(tags.items())
        ],
    }


def fit(value: Any, shape: Any) -> Any:
    """The part of a response that a request of this botocore shape takes, e.g. metadata options without their state."""
    if shape.type_name == "structure":
        return {k: fit(v, shape.members[k]) for k, v in value.items() if k in shape.members}
    if shape.type_name == "list":
        return [fit(v, shape.member) for v in value]
    return value


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in tags}
