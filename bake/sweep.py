"""Removes what a bake that failed or was cancelled left behind. Runs after every such bake, also a "cleanly" ended one.

In EC2, and, where it is told the bucket of images, the documents in it that belong to no record.

Policy: a thing is removed only if it is of THIS build: it carries the build's tag, its name is exactly the one that the
build gave, or it is the snapshot of an instance that carries the tag. Everything else is not even listed. Gather → plan
(pure) → execute, again until nothing is found; what cannot be removed is reported, never passed over. Whose build is
swept is decided elsewhere: the bake that failed sweeps its own, `bake.remains` those that nobody sweeps any more.

Imports little: it runs in a Lambda function too (`bake.sweep_function`), which has botocore and nothing else of ours.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from bake.agreement import is_protected, snapshots_of, tags_of
from bake.application import APPLICATION
from console.aws import Aws, errors

TAG = "kiln:build"
DOCUMENTS = "images/"
# As bake.contents.documents names a document about an image: recipe, digest, build, a part of its own sum.
DOCUMENT = re.compile(r"images/[^/]+/[0-9a-f]{64}\.(?P<build>[a-z0-9-]+)\.[0-9a-f]{16}\.cdx\.json")
# A call outlives its caller: what it makes appears when EC2 has done it, some seconds after whoever asked was ended. So
# long those wait, before they sweep, who ended a caller of EC2 while it was making something.
UNDER_WAY_SECONDS = 10
# EC2 tells of what it has made a moment later: look twice at least. The last round only looks: what is there then is
# still there, whatever the calls before it answered.
ROUNDS = 4
PAUSE_SECONDS = 1
TERMINATION_LIMIT_SECONDS = 300
TERMINATION_POLL_SECONDS = 2


class Kind(IntEnum):
    """What is removed, in the order in which it can be: a snapshot after its image, a group after its instances."""

    SPOT_REQUEST = 1
    IMAGE = 2
    SNAPSHOT = 3
    INSTANCE = 4
    VOLUME = 5
    KEY_PAIR = 6
    SECURITY_GROUP = 7
    LAUNCH_TEMPLATE = 8
    DOCUMENT = 9

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as EC2 tells it, or a document as S3 does; that one's id is its key, its name the build in it.

    Args:
        made_from: the instance of a snapshot.
        image: the AMI id that a snapshot belongs to.
        protected: whether EC2 refuses to deregister an image.
        created: None where EC2 does not say.
    """

    kind: Kind
    id: str
    state: str = ""
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    made_from: str = ""
    protected: bool = False
    image: str = ""
    created: datetime | None = None


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


ENDED = {"terminated", "shutting-down", "deregistered", "deleted", "deleting", "cancelled", "closed"}


def names(build: str) -> dict[Kind, str]:
    """The names that a build gives: what is half-made may not have its tags yet."""
    return {Kind.IMAGE: f"{APPLICATION.lower()}-{build}", Kind.KEY_PAIR: f"packer-{build}", Kind.DOCUMENT: build}


def plan(build: str, observed: Iterable[Found], kept: Collection[str] = ()) -> tuple[Removal, ...]:
    """What is to be removed, in order. Pure; fails closed: what is not provably of this build stays.

    `kept` is what records name: images, snapshots and documents that are no remains, whatever became of their bake.
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


def gather(aws: Aws, build: str | None, bucket: str | None = None) -> tuple[Found, ...]:
    """Everything that may belong to the build, or, without one, to any; with the documents in the bucket, if given."""
    ec2 = aws.client("ec2")
    tagged = [{"Name": f"tag:{TAG}", "Values": [build or "*"]}]
    named = names(build or "*")
    found: dict[tuple[Kind, str], Found] = {}

    def note(kind: Kind, identity: str, one: Mapping[str, Any], **more: Any) -> None:
        found[kind, identity] = Found(kind, identity, **{"tags": tags_of(one), **more})

    instances = [
        one
        for page in _pages(ec2, "describe_instances", Filters=tagged)
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    ]
    for one in instances:
        note(Kind.INSTANCE, one["InstanceId"], one, state=one["State"]["Name"], created=_utc(one["LaunchTime"]))
    snapshots_in: dict[str, Mapping[str, Any]] = {}
    for filters in (tagged, [{"Name": "name", "Values": [named[Kind.IMAGE]]}]):
        for page in _pages(ec2, "describe_images", Owners=["self"], Filters=filters, IncludeDisabled=True):
            for one in page["Images"]:
                facts = {
                    "state": one.get("State", ""),
                    "name": one.get("Name", ""),
                    "created": _utc(one["CreationDate"]),
                }
                note(Kind.IMAGE, one["ImageId"], one, protected=is_protected(one), **facts)
                for snapshot in snapshots_of(one):  # a snapshot of our image, whatever its own tags say
                    snapshots_in[snapshot] = one
                    of_ours = {TAG: tags_of(one)[TAG]} if TAG in tags_of(one) else {}
                    note(Kind.SNAPSHOT, snapshot, {}, tags=of_ours, image=one["ImageId"])
    # CreateImage describes its snapshots so: "Created by CreateImage(i-…) for ami-…"
    made = [{"Name": "description", "Values": [f"Created by CreateImage({i['InstanceId']})*" for i in instances]}]
    for filters in (tagged, *([made] if instances else [])):
        for page in _pages(ec2, "describe_snapshots", OwnerIds=["self"], Filters=filters):
            for one in page["Snapshots"]:
                source = one.get("Description", "").removeprefix("Created by CreateImage(").partition(")")[0]
                image = str(snapshots_in.get(one["SnapshotId"], {}).get("ImageId", ""))
                identity, began = one["SnapshotId"], _utc(one["StartTime"])
                note(Kind.SNAPSHOT, identity, one, made_from=source, image=image, created=began)
    for page in _pages(ec2, "describe_volumes", Filters=tagged):
        for one in page["Volumes"]:
            note(Kind.VOLUME, one["VolumeId"], one, state=one["State"], created=_utc(one["CreateTime"]))
    for one in ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [named[Kind.KEY_PAIR]]}])["KeyPairs"]:
        created = _utc(one["CreateTime"]) if "CreateTime" in one else None
        note(Kind.KEY_PAIR, one["KeyName"], one, name=one["KeyName"], created=created)
    for page in _pages(ec2, "describe_security_groups", Filters=tagged):
        for one in page["SecurityGroups"]:
            note(Kind.SECURITY_GROUP, one["GroupId"], one, name=one["GroupName"])
    for page in _pages(ec2, "describe_launch_templates", Filters=tagged):
        for one in page["LaunchTemplates"]:
            note(Kind.LAUNCH_TEMPLATE, one["LaunchTemplateId"], one, created=_utc(one["CreateTime"]))
    for page in _pages(ec2, "describe_spot_instance_requests", Filters=tagged):
        for one in page["SpotInstanceRequests"]:
            note(
                Kind.SPOT_REQUEST,
                one["SpotInstanceRequestId"],
                one,
                state=one["State"],
                created=_utc(one["CreateTime"]),
            )
    for page in _pages(aws.client("s3"), "list_objects_v2", Bucket=bucket, Prefix=DOCUMENTS) if bucket else ():
        for one in page.get("Contents", ()):
            named_in = DOCUMENT.fullmatch(one["Key"])
            if named_in and build in (None, named_in["build"]):
                note(Kind.DOCUMENT, one["Key"], {}, name=named_in["build"], created=_utc(one["LastModified"]))
    return tuple(found.values())


def _pages(client: Any, operation: str, **asked: Any) -> Iterable[Mapping[str, Any]]:
    pages: Iterable[Mapping[str, Any]] = client.get_paginator(operation).paginate(**asked)
    return pages


def _utc(when: datetime | str) -> datetime:
    found = datetime.fromisoformat(when) if isinstance(when, str) else when
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def sweep(aws: Aws, build: str, kept: Collection[str] = (), bucket: str | None = None) -> Outcome:
    """Remove what the build left, nothing that is `kept`; what cannot be removed is in the outcome, not raised."""
    return clear(aws, build, bucket, lambda observed: plan(build, observed, kept))


def clear(
    aws: Aws, build: str, bucket: str | None, decide: Callable[[tuple[Found, ...]], Iterable[Removal]]
) -> Outcome:
    """Look at the build again and again, and remove what `decide` says of each look."""
    tried: dict[str, str | None] = {}  # what was to be removed → what was in the way
    for round_number in range(ROUNDS):
        if round_number:
            time.sleep(PAUSE_SECONDS)
        with errors(f"looking for what build {build} left in {aws.region}"):
            observed = gather(aws, build, bucket)
        todo = tuple(decide(observed))
        if not todo and round_number:
            break
        if round_number < ROUNDS - 1:
            tried |= {f"{one.kind} {one.id}": _remove(aws, bucket, one) for one in todo}
    there = {f"{one.kind} {one.id}" for one in observed if one.state not in ENDED}
    # Also what was tried, is there still, and is no more to go: an image that was recorded in that very moment.
    left = {f"{one.kind} {one.id}" for one in todo} | (there & tried.keys())
    return Outcome(
        removed=tuple(name for name in tried if name not in left),
        left=tuple(f"{name} ({tried.get(name) or 'still there'})" for name in sorted(left)),
    )


def _remove(aws: Aws, bucket: str | None, one: Removal) -> str | None:
    """Remove one thing and wait until it is gone; what was in the way, if anything."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    ec2 = aws.client("ec2")
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
            case Kind.LAUNCH_TEMPLATE:
                ec2.delete_launch_template(LaunchTemplateId=one.id)
            case Kind.SPOT_REQUEST:
                ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one.id])
            case Kind.DOCUMENT:
                aws.client("s3").delete_object(Bucket=bucket, Key=one.id)
    except (ClientError, BotoCoreError, ResponseParserError) as problem:
        gone = isinstance(problem, ClientError) and ".NotFound" in problem.response["Error"]["Code"]
        return None if gone else str(problem)
    return None
