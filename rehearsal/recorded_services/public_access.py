"""EC2's account settings against public access: VPC block public access and snapshots. moto (5.2.5) has neither.

Kept and described; no packet is stopped, and no snapshot could be shared anyway.
"""

from typing import Any

from rehearsal.front.service import AwsError, PassOn
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.shelf import Kept, Noun
from rehearsal.recorded_services.verbs import Ask, change, constant, make, now, random_id, remove
from rehearsal.resources.cast import pairs

# --- VPC block public access: https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html ------------------

OPTIONS = Noun(
    name="VPC block public access options",
    key=("AwsAccountId",),
    born={
        "AwsAccountId": "{Account}",
        "AwsRegion": "{Region}",
        "InternetGatewayBlockMode": constant("off"),
        "State": constant("default-state"),
        "ManagedBy": constant("account"),
        "ExclusionsAllowed": constant("allowed"),
        "LastUpdateTimestamp": now,
    },
)
EXCLUSION = Noun(
    name="VPC block public access exclusion",
    key=("ExclusionId",),
    born={
        "ExclusionId": random_id("vpcbpa-exclude-"),
        "ResourceArn": lambda ask, members: _resource(ask),
        "State": constant("create-complete"),
        "CreationTimestamp": now,
        "LastUpdateTimestamp": now,
    },
    touched={"State": constant("update-complete"), "LastUpdateTimestamp": now},
    tags="-",
    missing="InvalidVpcBlockPublicAccessExclusionId.NotFound",
)


def _options(ask: Ask) -> Kept:
    """The account's; AWS has them from the beginning."""
    if not ask.shelf.all(OPTIONS):
        make(OPTIONS)(Ask(ask.caller, {}, None, ask.shelf, ask.behind))
    return ask.shelf.all(OPTIONS)[0]


def _show_options(ask: Ask) -> dict[str, Any]:
    return {"VpcBlockPublicAccessOptions": dict(_options(ask).members)}


def _modify_options(ask: Ask) -> dict[str, Any]:
    mode = ask.request["InternetGatewayBlockMode"]
    kept = _options(ask)
    kept.members |= {"InternetGatewayBlockMode": mode, "State": "update-complete", "LastUpdateTimestamp": now(ask, {})}
    return _show_options(ask)


def _resource(ask: Ask) -> str:
    """The ARN of what is excluded: a VPC or a subnet. Raises AwsError where it is not exactly one."""
    given = {kind: ask.request.get(name) for kind, name in (("vpc", "VpcId"), ("subnet", "SubnetId"))}
    named = [f"{kind}/{value}" for kind, value in given.items() if value]
    if len(named) != 1:
        raise AwsError("InvalidParameterCombination", "Exactly one of VpcId and SubnetId must be given")
    return f"arn:aws:ec2:{ask.caller.region}:{ask.caller.account}:{named[0]}"


def _exclude(ask: Ask, kept: Kept) -> None:
    if any(other.members["ResourceArn"] == kept.members["ResourceArn"] for other in ask.shelf.all(EXCLUSION)):
        raise AwsError("ResourceAlreadyExcluded", f"{kept.members['ResourceArn']} has an exclusion already")
    for specification in ask.request.get("TagSpecifications", []):
        kept.tags.update(pairs(specification.get("Tags", [])))


def _exclusions(ask: Ask) -> dict[str, Any]:
    wanted = ask.request.get("ExclusionIds")
    found = [ask.shelf.need(EXCLUSION, (i,)) for i in wanted] if wanted else ask.shelf.all(EXCLUSION)
    shown = [{**k.members, "Tags": [{"Key": a, "Value": b} for a, b in k.tags.items()]} for k in found]
    return {"VpcBlockPublicAccessExclusions": shown}


def _tag(ask: Ask) -> dict[str, Any]:
    """CreateTags and DeleteTags of exclusions; everything else is moto's."""
    found = [ask.shelf.get(EXCLUSION, (i,)) for i in ask.request["Resources"]]
    if None in found:
        raise PassOn
    for kept in found:
        assert kept is not None
        for tag in ask.request.get("Tags", []):
            if "Value" in tag:
                kept.tags[tag["Key"]] = tag["Value"]
            else:
                kept.tags.pop(tag["Key"], None)
    return {}


# --- snapshots: https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html -------------------

SNAPSHOTS = Noun(name="block public access for snapshots", key=("Account",))
UNBLOCKED = "unblocked"


def _snapshots(ask: Ask, state: str) -> dict[str, Any]:
    for kept in ask.shelf.all(SNAPSHOTS):
        ask.shelf.remove(kept)
    ask.shelf.add(Kept(SNAPSHOTS, ask.caller, {"Account": ask.caller.account, "State": state}))
    return {"State": state}


def _snapshot_state(ask: Ask) -> dict[str, Any]:
    kept = ask.shelf.get(SNAPSHOTS, (ask.caller.account,))
    return {"State": kept.members["State"] if kept else UNBLOCKED, "ManagedBy": "account"}


TABLE = {
    "DescribeVpcBlockPublicAccessOptions": _show_options,
    "ModifyVpcBlockPublicAccessOptions": _modify_options,
    "CreateVpcBlockPublicAccessExclusion": make(EXCLUSION, "VpcBlockPublicAccessExclusion", also=_exclude),
    "ModifyVpcBlockPublicAccessExclusion": change(EXCLUSION, "VpcBlockPublicAccessExclusion"),
    "DeleteVpcBlockPublicAccessExclusion": remove(EXCLUSION, "VpcBlockPublicAccessExclusion"),
    "DescribeVpcBlockPublicAccessExclusions": _exclusions,
    "CreateTags": _tag,
    "DeleteTags": _tag,
    "EnableSnapshotBlockPublicAccess": lambda ask: _snapshots(ask, ask.request["State"]),
    "DisableSnapshotBlockPublicAccess": lambda ask: _snapshots(ask, UNBLOCKED),
    "GetSnapshotBlockPublicAccessState": _snapshot_state,
}


def service() -> RecordedService:
    return RecordedService("ec2", TABLE, whole=False)
