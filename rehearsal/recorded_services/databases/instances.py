"""The instances of Aurora clusters: one writes, the others read. An instance without a cluster is refused."""

import secrets
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.recorded_services.databases import groups
from rehearsal.recorded_services.databases.clusters import CLUSTER, RENAMED, _mark, invalid
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import Ask, constant, default, now


def _insights(ask: Ask, members: Members) -> bool:
    return bool(members.get("PerformanceInsightsEnabled", False))


INSTANCE = Noun(
    name="DB instance",
    key=("DBInstanceIdentifier",),
    rename=RENAMED,
    born={
        "DBInstanceArn": "arn:aws:rds:{Region}:{Account}:db:{DBInstanceIdentifier}",
        "DbiResourceId": lambda ask, members: f"db-{secrets.token_hex(13).upper()}",
        "DBInstanceStatus": constant("available"),
        "InstanceCreateTime": now,
        "PubliclyAccessible": default("PubliclyAccessible", False),
        "AutoMinorVersionUpgrade": default("AutoMinorVersionUpgrade", True),
        "PromotionTier": default("PromotionTier", 1),
        "MonitoringInterval": default("MonitoringInterval", 0),
        "PerformanceInsightsEnabled": _insights,
        "CACertificateIdentifier": default("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
        "DBParameterGroupName": default("DBParameterGroupName", "default.aurora-mysql8.0"),
        "MultiAZ": constant(False),
        "StorageType": constant("aurora"),
    },
    refused=frozenset(
        {
            "Domain",
            "DomainAuthSecretArn",
            "DomainDnsIps",
            "DomainFqdn",
            "DomainIAMRoleName",
            "DomainOu",
            "EnableCustomerOwnedIp",
            "ManageMasterUserPassword",
            "MasterUserAuthenticationType",
            "MasterUserPassword",
            "MasterUserSecretKmsKeyId",
            "OptionGroupName",
            "Port",
            "TagSpecifications",
            "TdeCredentialPassword",
            "VpcSecurityGroupIds",
        }
    ),
    arn="DBInstanceArn",
    missing="DBInstanceNotFound",
    taken="DBInstanceAlreadyExists",
    lower=True,
)
# What an instance has because its cluster has it.
OF_CLUSTER = (
    "EngineVersion",
    "MasterUsername",
    "StorageEncrypted",
    "KmsKeyId",
    "BackupRetentionPeriod",
    "IAMDatabaseAuthenticationEnabled",
    "DeletionProtection",
    "VpcSecurityGroups",
    "DatabaseInsightsMode",
    "EngineLifecycleSupport",
    "NetworkType",
)


def new(ask: Ask, instance: Kept) -> None:
    """An instance joins its cluster. Raises AwsError."""
    members = instance.members
    if "DBClusterIdentifier" not in members:
        raise AwsError("InvalidParameterCombination", "A DB instance without a cluster is not emulated.")
    cluster = ask.shelf.need(CLUSTER, (str(members["DBClusterIdentifier"]).lower(),))
    if members["Engine"] != cluster.members["Engine"]:
        raise invalid(f"The engine {members['Engine']} is not that of the cluster, {cluster.members['Engine']}.")
    for name in OF_CLUSTER:
        if name in cluster.members:
            members.setdefault(name, cluster.members[name])
    members["DBClusterIdentifier"] = cluster.key[0]
    _place(ask, cluster, members)
    members["Endpoint"] = {
        "Address": f"{instance.key[0]}.{_mark(ask)}.{ask.caller.region}.rds.amazonaws.com",
        "Port": cluster.members["Port"],
        "HostedZoneId": cluster.members["HostedZoneId"],
    }
    changed(ask, instance)
    _show_members(ask, cluster, [*_instances(ask, cluster), instance])


def _place(ask: Ask, cluster: Kept, members: Members) -> None:
    """The zone with the fewest instances of the cluster, unless one is asked for."""
    name = str(cluster.members["DBSubnetGroup"])
    if str(members.get("DBSubnetGroupName", name)).lower() != name.lower():
        raise invalid(f"The DB subnet group {members['DBSubnetGroupName']} is not that of the cluster, {name}.")
    group = ask.shelf.get(groups.SUBNETS, (name.lower(),))
    if group is None:
        return
    members["DBSubnetGroup"] = {k: v for k, v in group.members.items() if k != "SubnetIds"}
    zones = groups.zones(group)
    taken = [i.members.get("AvailabilityZone") for i in _instances(ask, cluster)]
    zone = members.setdefault("AvailabilityZone", min(zones, key=taken.count))
    if zone not in zones:
        raise AwsError("InvalidVPCNetworkStateFault", f"The DB subnet group {group.key[0]} has no subnet in {zone}.")


def changed(ask: Ask, instance: Kept) -> None:
    """What an instance may not be, and what follows from its members. Raises AwsError."""
    members = instance.members
    if members["MonitoringInterval"] and not members.get("MonitoringRoleArn"):
        raise invalid("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
    groups.require_parameters(ask, groups.PARAMETERS, members["DBParameterGroupName"], members["Engine"])
    name = members["DBParameterGroupName"]
    members["DBParameterGroups"] = [{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync"}]


def gone(ask: Ask, instance: Kept) -> None:
    """An instance leaves its cluster; the next one writes where it was the writer."""
    cluster = ask.shelf.need(CLUSTER, (instance.members["DBClusterIdentifier"],))
    _show_members(ask, cluster, [i for i in _instances(ask, cluster) if i is not instance])
    instance.members["DBInstanceStatus"] = "deleting"


def _instances(ask: Ask, cluster: Kept) -> list[Kept]:
    return [i for i in ask.shelf.all(INSTANCE) if i.members["DBClusterIdentifier"] == cluster.key[0]]


def _show_members(ask: Ask, cluster: Kept, instances: list[Kept]) -> None:
    """The writer stays the writer while it is there; its successor has the lowest promotion tier."""
    old = {m["DBInstanceIdentifier"] for m in cluster.members["DBClusterMembers"] if m["IsClusterWriter"]}
    by_tier = sorted(instances, key=lambda i: (i.key[0] not in old, i.members["PromotionTier"]))
    shown: list[dict[str, Any]] = [
        {
            "DBInstanceIdentifier": i.key[0],
            "IsClusterWriter": i is by_tier[0],
            "DBClusterParameterGroupStatus": "in-sync",
            "PromotionTier": i.members["PromotionTier"],
        }
        for i in instances
    ]
    zones = {i.members.get("AvailabilityZone") for i in instances}
    cluster.members["DBClusterMembers"], cluster.members["MultiAZ"] = shown, len(zones) > 1
