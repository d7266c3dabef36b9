"""One instance for a boot test, where builders are: the bake network, no public address, IMDSv2, a key for once.

It carries the tag and the names by which the sweep knows a build's things, so whatever kills the command, a sweep finds
them; and it ends itself after two hours, as a builder does, should nobody sweep.
"""

import time
from dataclasses import dataclass
from typing import Any, Self

from bake import build_id, sweep
from bake.diagnosis import CAPACITY
from bake.image import ImageRecord
from bake.place import APPLICATION, Workshop
from console.aws import Aws, errors
from console.errors import KilnError

USER = "admin"  # of Debian's images; ssh_username of packer/shared/image.pkr.hcl
ENDS_ITSELF = """#!/bin/sh
systemd-run --quiet --on-active=2h --unit=boot-test-limit systemctl poweroff
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is launched: `build` is the id that everything of it carries, as everything of a bake carries its own."""

    build: str
    recipe: str
    image: str
    instance_type: str

    @classmethod
    def of(cls, record: ImageRecord, region: str) -> Self:
        """Of the image of a record in the region of the bake network; on the instance type that it was baked on."""
        build = build_id.new(f"verify-{record.recipe}")
        return cls(build, record.recipe, record.image_ids[region], str(record.closure.variables["instance_type"]))

    @property
    def tags(self) -> list[dict[str, str]]:
        found = {
            "Name": f"{APPLICATION.lower()}-{self.build}",
            "kiln:application": APPLICATION,
            "kiln:tier": self.recipe,
            "kiln:boot-test-of": self.image,
            sweep.TAG: self.build,
        }
        return [{"Key": key, "Value": value} for key, value in found.items()]


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that has been launched, and the private key that lets in as `USER`."""

    id: str
    address: str
    key: str


def launch(aws: Aws, trial: Trial, workshop: Workshop) -> Instance:
    """Launch it, in the next zone where one has no capacity; it is not up yet.

    Raises KilnError where EC2 refuses: that says nothing about the image.
    """
    ec2 = aws.client("ec2")
    name = sweep.names(trial.build)[sweep.Kind.KEY_PAIR]
    with errors(f"making the key pair {name} (ec2:CreateKeyPair)"):
        tagged = [{"ResourceType": "key-pair", "Tags": trial.tags}]
        key = ec2.create_key_pair(KeyName=name, KeyType="ed25519", TagSpecifications=tagged)["KeyMaterial"]
    for number, subnet in enumerate(workshop.subnets, 1):
        try:
            with errors(f"launching {trial.image} (ec2:RunInstances)"):
                answer = ec2.run_instances(**_asked(trial, workshop, subnet, name))
        except KilnError as problem:
            if number == len(workshop.subnets) or not CAPACITY.search(problem.found or ""):
                raise
        except BaseException:  # Ctrl-C: EC2 launches it all the same, and nobody could sweep it before
            time.sleep(sweep.UNDER_WAY_SECONDS)
            raise
        else:
            one = answer["Instances"][0]
            return Instance(one["InstanceId"], one["PrivateIpAddress"], key)
    raise AssertionError("the bake network has a subnet")


def _asked(trial: Trial, workshop: Workshop, subnet: str, key_pair: str) -> dict[str, Any]:
    """What is asked of RunInstances."""
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnet,
        "Groups": [workshop.security_group],
        "AssociatePublicIpAddress": False,
        "DeleteOnTermination": True,
    }
    return {
        "ImageId": trial.image,
        "InstanceType": trial.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": f"{trial.build}-{subnet[-8:]}",
        "KeyName": key_pair,
        "NetworkInterfaces": [interface],
        "IamInstanceProfile": {"Name": workshop.instance_profile},
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "UserData": ENDS_ITSELF,
        "TagSpecifications": [{"ResourceType": kind, "Tags": trial.tags} for kind in ("instance", "volume")],
    }


def ended(aws: Aws, instance: Instance) -> str | None:
    """Why the instance is not there any more, None where it is. EC2 may not know a new one yet: then it is, too."""
    with errors(f"asking for {instance.id} (ec2:DescribeInstances)"):
        wanted = [{"Name": "instance-id", "Values": [instance.id]}]  # a filter: an unknown id is no error in it
        answer = aws.client("ec2").describe_instances(Filters=wanted)
    for one in (one for reservation in answer["Reservations"] for one in reservation["Instances"]):
        if one["State"]["Name"] not in ("pending", "running"):
            reason = one.get("StateReason", {}).get("Message") or one.get("StateTransitionReason") or "no reason given"
            return f"it is {one['State']['Name']}: {reason}"
    return None


def console(aws: Aws, instance: Instance, lines: int) -> str:
    """The last lines on its console; empty where there is none yet, or it cannot be had."""
    from botocore.exceptions import BotoCoreError, ClientError

    ec2: Any = aws.client("ec2")
    try:
        text = ec2.get_console_output(InstanceId=instance.id).get("Output", "")
    except (ClientError, BotoCoreError) as problem:
        return f"(the console's output cannot be had: {problem})"
    return "\n".join(line.rstrip() for line in text.splitlines()[-lines:])
