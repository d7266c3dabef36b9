"""Subnet groups and parameter groups. Of a parameter group only what was set is listed: the engine's own defaults, of
which there are hundreds, are AWS's to know."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError
from rehearsal.recorded_services.shelf import Kept, Noun
from rehearsal.recorded_services.verbs import Ask, Verb, constant, listed, make, remove

FEWEST_ZONES = 2
SUBNETS = Noun(
    name="DB subnet group",
    key=("DBSubnetGroupName",),
    born={
        "DBSubnetGroupArn": "arn:aws:rds:{Region}:{Account}:subgrp:{DBSubnetGroupName}",
        "SubnetGroupStatus": constant("Complete"),
    },
    arn="DBSubnetGroupArn",
    missing="DBSubnetGroupNotFoundFault",
    taken="DBSubnetGroupAlreadyExists",
    lower=True,
)
CLUSTER_PARAMETERS = Noun(
    name="DB cluster parameter group",
    key=("DBClusterParameterGroupName",),
    born={
        "DBClusterParameterGroupArn": "arn:aws:rds:{Region}:{Account}:cluster-pg:{DBClusterParameterGroupName}",
        "Values": constant({}),
    },
    arn="DBClusterParameterGroupArn",
    missing="DBParameterGroupNotFound",
    taken="DBParameterGroupAlreadyExists",
    lower=True,
)
PARAMETERS = Noun(
    name="DB parameter group",
    key=("DBParameterGroupName",),
    born={
        "DBParameterGroupArn": "arn:aws:rds:{Region}:{Account}:pg:{DBParameterGroupName}",
        "Values": constant({}),
    },
    arn="DBParameterGroupArn",
    missing="DBParameterGroupNotFound",
    taken="DBParameterGroupAlreadyExists",
    lower=True,
)


def with_subnets(clients: Clients, ask: Ask, group: Kept) -> None:
    """The subnets as EC2 knows them. Raises AwsError where they are not there, in two VPCs or in one zone."""
    ids = group.members["SubnetIds"]
    try:
        ec2 = clients.get("ec2", ask.caller.account, ask.caller.region)
        found = ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    except ClientError as error:
        raise AwsError("InvalidSubnet", error.response["Error"]["Message"]) from None
    if len({s["VpcId"] for s in found}) > 1:
        raise AwsError("InvalidSubnet", "The subnets of a DB subnet group must be in one VPC.")
    if len({s["AvailabilityZone"] for s in found}) < FEWEST_ZONES:
        raise AwsError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{found[0]['AvailabilityZone']}. Add subnets to cover at least {FEWEST_ZONES} AZs.",
        )
    group.members["VpcId"] = found[0]["VpcId"]
    group.members["Subnets"] = [
        {
            "SubnetIdentifier": s["SubnetId"],
            "SubnetAvailabilityZone": {"Name": s["AvailabilityZone"]},
            "SubnetStatus": "Active",
        }
        for s in sorted(found, key=lambda s: ids.index(s["SubnetId"]))
    ]


def zones(group: Kept) -> list[str]:
    """The zones that a subnet group reaches."""
    return sorted({s["SubnetAvailabilityZone"]["Name"] for s in group.members["Subnets"]})


def refuse_used(ask: Ask, group: Kept) -> None:
    """Raises AwsError where a cluster stands in the group's subnets, or has its parameters."""
    from rehearsal.recorded_services.databases.clusters import CLUSTER
    from rehearsal.recorded_services.databases.instances import INSTANCE

    name = group.key[0]
    for kept in (*ask.shelf.all(CLUSTER), *ask.shelf.all(INSTANCE)):
        used = {
            SUBNETS.name: kept.members.get("DBSubnetGroup") if kept.noun is CLUSTER else None,
            CLUSTER_PARAMETERS.name: kept.members.get("DBClusterParameterGroup"),
            PARAMETERS.name: kept.members.get("DBParameterGroupName"),
        }
        if used[group.noun.name] == name:
            code = "InvalidDBSubnetGroupStateFault" if group.noun is SUBNETS else "InvalidDBParameterGroupState"
            raise AwsError(code, f"The {group.noun.name} {name} is in use by {kept.noun.name} {kept.key[0]}.")


def require_parameters(ask: Ask, noun: Noun, name: str | None, engine: str) -> None:
    """Raises AwsError where a parameter group is not there or of another engine; default.… is always there."""
    if name is None or name.startswith("default."):
        return
    family = ask.shelf.need(noun, (name.lower(),)).members["DBParameterGroupFamily"]
    if not family.startswith(engine):
        words = f"The {noun.name} {name} is of the family {family}, and the engine is {engine}."
        raise AwsError("InvalidParameterCombination", words)


def parameter_operations(noun: Noun, prefix: str) -> dict[str, Verb]:
    """The operations of one of the two kinds of parameter groups."""
    key = noun.key[0]

    def modify(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        asked = {p["ParameterName"]: {**p, "Source": "user"} for p in ask.request["Parameters"]}
        kept.members["Values"] = {**kept.members["Values"], **asked}
        return ask.answer(kept)

    def reset(ask: Ask) -> dict[str, Any]:
        kept = ask.thing(noun)
        names = {p["ParameterName"] for p in ask.request.get("Parameters", ())}
        every = ask.request.get("ResetAllParameters", not names)
        kept.members["Values"] = {k: v for k, v in kept.members["Values"].items() if not every and k not in names}
        return ask.answer(kept)

    def describe(ask: Ask) -> dict[str, Any]:
        """What was set, whatever source is asked for; nothing for the sources that are AWS's."""
        values = ask.thing(noun).members["Values"]
        return {"Parameters": list(values.values()) if ask.request.get("Source", "user") == "user" else []}

    return {
        f"Create{prefix}ParameterGroup": make(noun, f"{prefix}ParameterGroup"),
        f"Modify{prefix}ParameterGroup": modify,
        f"Reset{prefix}ParameterGroup": reset,
        f"Describe{prefix}Parameters": describe,
        f"Describe{prefix}ParameterGroups": listed(noun, f"{prefix}ParameterGroups", by=(key,)),
        f"Delete{prefix}ParameterGroup": remove(noun, also=refuse_used),
    }
