"""Removes what a bake that failed or was cancelled left behind. Runs after every such bake, also a "cleanly" ended one.

Policy: a thing is removed only if it is of THIS build: it carries the build's tag, its name is exactly the one that the
build gave, or it is the snapshot of an instance that carries the tag. Everything else is not even listed. Gather → plan
(pure) → execute, again until nothing is found; what cannot be removed is reported, never passed over.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bake.agreement import snapshots_of, tags_of
from bake.place import APPLICATION
from console.aws import Aws, errors

TAG = "kiln:build"
# What a call made that was under way when Packer ended appears a moment later: look twice at least. The last round only
# looks: what is there then is still there, whatever the calls before it answered.
ROUNDS = 4
PAUSE_SECONDS = 1
TERMINATION_LIMIT_SECONDS = 300
TERMINATION_POLL_SECONDS = 2


class Kind(IntEnum):
    """What is removed, in the order in which it can be: a snapshot after its image, a group after its instances."""

    IMAGE = 1
    SNAPSHOT = 2
    INSTANCE = 3
    VOLUME = 4
    KEY_PAIR = 5
    SECURITY_GROUP = 6

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as EC2 tells it. `made_from` is the instance of a snapshot, `protected` an image's protection."""

    kind: Kind
    id: str
    state: str = ""
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    made_from: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """One resource that is to go, and why it is ours."""

    kind: Kind
    id: str
    reason: str
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was removed and what was not, in words."""

    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


ENDED = {"terminated", "shutting-down", "deregistered", "deleted", "deleting"}


def names(build: str) -> dict[Kind, str]:
    """The names that a build gives: what is half-made may not have its tags yet."""
    return {Kind.IMAGE: f"{APPLICATION.lower()}-{build}", Kind.KEY_PAIR: f"packer-{build}"}


def plan(build: str, observed: Iterable[Found], kept: Collection[str] = ()) -> tuple[Removal, ...]:
    """What is to be removed, in order. Pure; fails closed: what is not provably of this build stays.

    `kept` are the ids that records name: images and snapshots that are no remains, whatever became of their bake.
    """
    observed = tuple(observed)
    instances = {one.id for one in observed if one.kind is Kind.INSTANCE and one.tags.get(TAG) == build}
    named = names(build)
    found = []
    for one in observed:
        if one.state in ENDED or one.id in kept:
            continue
        if one.tags.get(TAG) == build:
            reason = f"tagged {TAG}={build}"
        elif one.name and named.get(one.kind) == one.name:
            reason = f"named {one.name}"
        elif one.made_from and one.made_from in instances:
            reason = f"made from {one.made_from}"
        else:
            continue
        found.append(Removal(one.kind, one.id, reason, one.protected))
    return tuple(sorted(found, key=lambda one: (one.kind, one.id)))


def gather(aws: Aws, build: str) -> tuple[Found, ...]:
    """Everything that may belong to the build."""
    ec2 = aws.client("ec2")
    tagged = [{"Name": f"tag:{TAG}", "Values": [build]}]
    named = names(build)
    found: dict[tuple[Kind, str], Found] = {}

    def note(one: Found) -> None:
        found[one.kind, one.id] = one

    instances = [i for r in ec2.describe_instances(Filters=tagged)["Reservations"] for i in r["Instances"]]
    for one in instances:
        note(Found(Kind.INSTANCE, one["InstanceId"], one["State"]["Name"], tags=tags_of(one)))
    for filters in (tagged, [{"Name": "name", "Values": [named[Kind.IMAGE]]}]):
        for one in ec2.describe_images(Owners=["self"], Filters=filters)["Images"]:
            protected = one.get("DeregistrationProtection", "disabled") != "disabled"
            state, name = one.get("State", ""), one.get("Name", "")
            note(Found(Kind.IMAGE, one["ImageId"], state, name, tags_of(one), protected=protected))
            for snapshot in snapshots_of(one):  # a snapshot of our image, whatever its own tags say
                note(Found(Kind.SNAPSHOT, snapshot, tags={TAG: build} if tags_of(one).get(TAG) == build else {}))
    # CreateImage describes its snapshots so: "Created by CreateImage(i-…) for ami-…"
    made = [{"Name": "description", "Values": [f"Created by CreateImage({i['InstanceId']})*" for i in instances]}]
    for filters in (tagged, *([made] if instances else [])):
        for one in ec2.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]:
            source = one.get("Description", "").removeprefix("Created by CreateImage(").partition(")")[0]
            note(Found(Kind.SNAPSHOT, one["SnapshotId"], tags=tags_of(one), made_from=source))
    for one in ec2.describe_volumes(Filters=tagged)["Volumes"]:
        note(Found(Kind.VOLUME, one["VolumeId"], one["State"], tags=tags_of(one)))
    for one in ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [named[Kind.KEY_PAIR]]}])["KeyPairs"]:
        note(Found(Kind.KEY_PAIR, one["KeyName"], name=one["KeyName"], tags=tags_of(one)))
    for one in ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]:
        note(Found(Kind.SECURITY_GROUP, one["GroupId"], name=one["GroupName"], tags=tags_of(one)))
    return tuple(found.values())


def sweep(aws: Aws, build: str, kept: Collection[str] = ()) -> Outcome:
    """Remove what the build left, nothing that is `kept`; what cannot be removed is in the outcome, not raised."""
    tried: dict[str, str | None] = {}  # what was to be removed → what was in the way
    for round_number in range(ROUNDS):
        if round_number:
            time.sleep(PAUSE_SECONDS)
        with errors(f"looking for what build {build} left"):
            todo = plan(build, gather(aws, build), kept)
        if not todo and round_number:
            break
        if round_number < ROUNDS - 1:
            tried |= {f"{one.kind} {one.id}": _remove(aws.client("ec2"), one) for one in todo}
    left = {f"{one.kind} {one.id}" for one in todo}
    return Outcome(
        removed=tuple(name for name in tried if name not in left),
        left=tuple(f"{name} ({tried.get(name) or 'still there'})" for name in sorted(left)),
    )


def _remove(ec2: Any, one: Removal) -> str | None:
    """Remove one thing and wait until it is gone; what was in the way, if anything."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        match one.kind:
            case Kind.IMAGE:
                if one.protected:  # with its cool-down, EC2 may still refuse for 24 hours: then it is reported
                    ec2.disable_image_deregistration_protection(ImageId=one.id)
                ec2.deregister_image(ImageId=one.id)
            case Kind.SNAPSHOT:
                ec2.delete_snapshot(SnapshotId=one.id)
            case Kind.INSTANCE:
                ec2.terminate_instances(InstanceIds=[one.id])
                attempts = TERMINATION_LIMIT_SECONDS // TERMINATION_POLL_SECONDS
                waiting = {"Delay": TERMINATION_POLL_SECONDS, "MaxAttempts": attempts}
                ec2.get_waiter("instance_terminated").wait(InstanceIds=[one.id], WaiterConfig=waiting)
            case Kind.VOLUME:
                ec2.delete_volume(VolumeId=one.id)
            case Kind.KEY_PAIR:
                ec2.delete_key_pair(KeyName=one.id)
            case Kind.SECURITY_GROUP:
                ec2.delete_security_group(GroupId=one.id)
    except (ClientError, BotoCoreError, ResponseParserError) as problem:
        gone = isinstance(problem, ClientError) and ".NotFound" in problem.response["Error"]["Code"]
        return None if gone else str(problem)
    return None
