"""Aurora clusters and their snapshots.

What RDS refuses is refused where it costs a deployment: combinations that the API reference calls invalid
(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html), deletion protection, members that
are still there.
"""

import secrets
from typing import Any

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError
from rehearsal.recorded_services.databases import groups, secret
from rehearsal.recorded_services.shelf import Kept, Members, Noun
from rehearsal.recorded_services.verbs import (
    Ask,
    Verb,
    change,
    constant,
    default,
    listed,
    make,
    members_of,
    now,
    say,
)
from rehearsal.resources.cast import pairs

PORTS = {"aurora-mysql": 3306, "aurora-postgresql": 5432}
DEFAULT_VERSIONS = {"aurora-mysql": "8.0.mysql_aurora.3.08.0", "aurora-postgresql": "16.4"}
LONGEST_RETENTION_DAYS = 35
ADVANCED_INSIGHTS_DAYS = 465
RENAMED = {
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "EnablePerformanceInsights": "PerformanceInsightsEnabled",
    "EnableHttpEndpoint": "HttpEndpointEnabled",
    "EnableGlobalWriteForwarding": "GlobalWriteForwardingRequested",
    "ScalingConfiguration": "ScalingConfigurationInfo",
}


def _host(infix: str) -> Any:
    """An address as RDS gives it: the part after the identifier is the account's own."""
    return lambda ask, members: (
        f"{members['DBClusterIdentifier']}.{infix}{_mark(ask)}.{ask.caller.region}.rds.amazonaws.com"
    )


def _mark(ask: Ask) -> str:
    return f"c{int(ask.caller.account):011x}"[:12]


def _security_groups(ask: Ask, members: Members) -> list[dict[str, str]]:
    ids = members.get("VpcSecurityGroupIds", [])
    return [{"VpcSecurityGroupId": i, "Status": "active"} for i in ids]


def _local_writes(ask: Ask, members: Members) -> str:
    return "enabled" if members.get("EnableLocalWriteForwarding") else "disabled"


def _port(ask: Ask, members: Members) -> int:
    return int(members.get("Port", PORTS.get(members["Engine"], 0)))


CLUSTER = Noun(
    name="DB cluster",
    key=("DBClusterIdentifier",),
    rename={
        **RENAMED,
        "DBClusterParameterGroupName": "DBClusterParameterGroup",
        "DBSubnetGroupName": "DBSubnetGroup",
    },
    born={
        "DBClusterArn": "arn:aws:rds:{Region}:{Account}:cluster:{DBClusterIdentifier}",
        "DbClusterResourceId": lambda ask, members: f"cluster-{secrets.token_hex(13).upper()}",
        "Status": constant("available"),
        "ClusterCreateTime": now,
        "Endpoint": _host("cluster-"),
        "ReaderEndpoint": _host("cluster-ro-"),
        "HostedZoneId": constant("Z29XKXDKYMONMX"),  # where Amazon keeps the names of eu-west-1
        "Port": _port,
        "EngineVersion": lambda ask, members: members.get("EngineVersion", DEFAULT_VERSIONS.get(members["Engine"])),
        "EngineMode": default("EngineMode", "provisioned"),
        "DBClusterParameterGroup": default("DBClusterParameterGroup", "default.aurora-mysql8.0"),
        "DBSubnetGroup": default("DBSubnetGroup", "default"),
        "VpcSecurityGroups": _security_groups,
        "LocalWriteForwardingStatus": _local_writes,
        "BackupRetentionPeriod": default("BackupRetentionPeriod", 1),
        "PreferredBackupWindow": default("PreferredBackupWindow", "03:00-03:30"),
        "PreferredMaintenanceWindow": default("PreferredMaintenanceWindow", "sun:04:00-sun:04:30"),
        "StorageEncrypted": default("StorageEncrypted", False),
        "StorageType": default("StorageType", "aurora"),
        "DeletionProtection": default("DeletionProtection", False),
        "IAMDatabaseAuthenticationEnabled": default("IAMDatabaseAuthenticationEnabled", False),
        "HttpEndpointEnabled": default("HttpEndpointEnabled", False),
        "CopyTagsToSnapshot": default("CopyTagsToSnapshot", False),
        "AutoMinorVersionUpgrade": default("AutoMinorVersionUpgrade", True),
        "DatabaseInsightsMode": default("DatabaseInsightsMode", "standard"),
        "MonitoringInterval": default("MonitoringInterval", 0),
        "EngineLifecycleSupport": default("EngineLifecycleSupport", "open-source-rds-extended-support"),
        "NetworkType": default("NetworkType", "IPV4"),
        "AllocatedStorage": constant(1),
        "MultiAZ": constant(False),
        "DBClusterMembers": constant([]),
    },
    touched={
        "VpcSecurityGroups": _security_groups,
        "LocalWriteForwardingStatus": _local_writes,
    },
    refused=frozenset(
        {
            "CACertificateIdentifier",
            "Domain",
            "DomainIAMRoleName",
            "EnableLimitlessDatabase",
            "MasterUserAuthenticationType",
            "OptionGroupName",
            "PreSignedUrl",
            "TagSpecifications",
            "WithExpressConfiguration",
        }
    ),
    arn="DBClusterArn",
    missing="DBClusterNotFoundFault",
    taken="DBClusterAlreadyExistsFault",
    lower=True,
)
SNAPSHOT = Noun(
    name="DB cluster snapshot",
    key=("DBClusterSnapshotIdentifier",),
    born={
        "DBClusterSnapshotArn": "arn:aws:rds:{Region}:{Account}:cluster-snapshot:{DBClusterSnapshotIdentifier}",
        "SnapshotCreateTime": now,
        "Status": constant("available"),
        "SnapshotType": constant("manual"),
        "PercentProgress": constant(100),
    },
    arn="DBClusterSnapshotArn",
    missing="DBClusterSnapshotNotFoundFault",
    taken="DBClusterSnapshotAlreadyExistsFault",
    lower=True,
)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)


def _check(ask: Ask, members: Members) -> None:
    """What a cluster may not be. Raises AwsError."""
    if members["Engine"] not in PORTS:
        known = " and ".join(PORTS)
        raise AwsError("InvalidParameterValue", f"The engine {members['Engine']} is not emulated: {known} are.")
    if not 1 <= members["BackupRetentionPeriod"] <= LONGEST_RETENTION_DAYS:
        days = members["BackupRetentionPeriod"]
        words = f"BackupRetentionPeriod must be 1 to {LONGEST_RETENTION_DAYS} days, found {days}."
        raise AwsError("InvalidParameterValue", words)
    if members.get("KmsKeyId") and not members["StorageEncrypted"]:
        raise invalid("A KMS key needs StorageEncrypted.")
    if members["MonitoringInterval"] and not members.get("MonitoringRoleArn"):
        raise invalid("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
    insights, days = members.get("PerformanceInsightsEnabled"), members.get("PerformanceInsightsRetentionPeriod", 7)
    if members["DatabaseInsightsMode"] == "advanced" and not (insights and days >= ADVANCED_INSIGHTS_DAYS):
        raise invalid(
            "The advanced mode of Database Insights needs Performance Insights with a retention of at least "
            f"{ADVANCED_INSIGHTS_DAYS} days."
        )
    if members.get("BacktrackWindow") and members.get("ServerlessV2ScalingConfiguration"):
        raise invalid("Backtrack is not available for Aurora Serverless v2.")
    groups.require_parameters(ask, groups.CLUSTER_PARAMETERS, members["DBClusterParameterGroup"], members["Engine"])
    if members["DBSubnetGroup"] != "default":
        ask.shelf.need(groups.SUBNETS, (members["DBSubnetGroup"].lower(),))


def new(clients: Clients, ask: Ask, cluster: Kept) -> None:
    """A cluster is whole when it has its zones and, where the account manages it, its admin's secret."""
    members = cluster.members
    _check(ask, members)
    manages = members.pop("ManageMasterUserPassword", False)
    if manages and members.get("MasterUserPassword"):
        raise invalid("You can't specify MasterUserPassword for an instance with ManageMasterUserPassword enabled.")
    if not members.get("MasterUsername") or not (manages or members.get("MasterUserPassword")):
        raise invalid("A cluster needs MasterUsername, and either MasterUserPassword or ManageMasterUserPassword.")
    if members["DBSubnetGroup"] != "default":
        found = ask.shelf.need(groups.SUBNETS, (members["DBSubnetGroup"].lower(),))
        members.setdefault("AvailabilityZones", groups.zones(found))
    if manages:
        members["MasterUserSecret"] = secret.make(clients, ask, members, members.pop("MasterUserSecretKmsKeyId", None))


def modify(clients: Clients, ask: Ask) -> dict[str, Any]:
    """ModifyDBCluster: everything at once, whatever ApplyImmediately says."""
    if "NewDBClusterIdentifier" in ask.request:
        raise AwsError("InvalidParameterValue", "NewDBClusterIdentifier is not emulated")
    request = {k: v for k, v in ask.request.items() if k not in NO_MEMBERS}
    wanted = Ask(ask.caller, request, ask.output, ask.shelf, ask.behind)
    return change(CLUSTER, "DBCluster", also=lambda _, cluster: _modified(clients, ask, cluster))(wanted)


# What a modification says and the cluster does not keep under that name.
NO_MEMBERS = frozenset(
    {
        "ApplyImmediately",
        "AllowMajorVersionUpgrade",
        "AllowEngineModeChange",
        "CloudwatchLogsExportConfiguration",
        "ManageMasterUserPassword",
        "RotateMasterUserPassword",
        "MasterUserSecretKmsKeyId",
    }
)


def _modified(clients: Clients, ask: Ask, cluster: Kept) -> None:
    members, request = cluster.members, ask.request
    _check(ask, members)
    logs = request.get("CloudwatchLogsExportConfiguration", {})
    exported = [n for n in members.get("EnabledCloudwatchLogsExports", ()) if n not in logs.get("DisableLogTypes", ())]
    wanted = [n for n in logs.get("EnableLogTypes", ()) if n not in exported]
    members["EnabledCloudwatchLogsExports"] = exported + wanted
    managed = "MasterUserSecret" in members
    if request.get("ManageMasterUserPassword", managed) and not managed:
        members["MasterUserSecret"] = secret.make(clients, ask, members, request.get("MasterUserSecretKmsKeyId"))
    elif managed and not request.get("ManageMasterUserPassword", True):
        if "MasterUserPassword" not in request:
            raise invalid("MasterUserPassword is needed when ManageMasterUserPassword ends.")
        secret.remove(clients, ask, members)
        del members["MasterUserSecret"]
    elif managed and request.get("RotateMasterUserPassword"):
        secret.rotate(clients, ask, members)


def gone(clients: Clients, ask: Ask, cluster: Kept) -> None:
    """Raises AwsError where it is protected, has instances, or nobody says what becomes of its data."""
    members, request = cluster.members, ask.request
    if members["DeletionProtection"]:
        raise invalid("Cannot delete protected Cluster, please disable deletion protection and try again.")
    if members["DBClusterMembers"]:
        words = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
        raise AwsError("InvalidDBClusterStateFault", words)
    final = request.get("FinalDBSnapshotIdentifier")
    if bool(final) == bool(request.get("SkipFinalSnapshot")):
        raise invalid("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and only then.")
    if final:
        asked = {"DBClusterSnapshotIdentifier": final, "DBClusterIdentifier": cluster.key[0]}
        make(SNAPSHOT, also=snapshot)(Ask(ask.caller, asked, None, ask.shelf, ask.behind))
    if "MasterUserSecret" in members:
        secret.remove(clients, ask, members)
    members["Status"] = "deleting"


# --- snapshots --------------------------------------------------------------------------------------------------------

# What a snapshot keeps of its cluster beyond what it shows.
RESTORED = (
    "Engine",
    "EngineVersion",
    "EngineMode",
    "MasterUsername",
    "MasterUserPassword",
    "StorageEncrypted",
    "KmsKeyId",
    "DatabaseName",
    "Port",
)


def snapshot(ask: Ask, made: Kept) -> None:
    """A snapshot is its cluster as it is now."""
    cluster = ask.shelf.need(CLUSTER, (str(made.members["DBClusterIdentifier"]).lower(),))
    own = {**made.members}
    made.members.update({k: v for k, v in cluster.members.items() if k not in ("Status", "DBClusterMembers")} | own)
    if cluster.members["CopyTagsToSnapshot"]:
        made.tags = {**cluster.tags, **made.tags}


def snapshots(ask: Ask) -> dict[str, Any]:
    by = ("DBClusterSnapshotIdentifier",) if "DBClusterSnapshotIdentifier" in ask.request else ("DBClusterIdentifier",)
    found: Verb = listed(SNAPSHOT, "DBClusterSnapshots", by=by)
    return found(ask)


def restore(clients: Clients, ask: Ask) -> dict[str, Any]:
    """A new cluster with what the snapshot has, and what the request says otherwise."""
    identifier = str(ask.request["SnapshotIdentifier"])
    kept = ask.shelf.of_arn(identifier) or ask.shelf.need(SNAPSHOT, (identifier.lower(),))
    if kept.members["Engine"] != ask.request["Engine"]:
        raise invalid(f"The snapshot {identifier} is of {kept.members['Engine']}, not of {ask.request['Engine']}.")
    taken = {name: kept.members[name] for name in RESTORED if name in kept.members}
    if ask.request.get("KmsKeyId"):
        taken["StorageEncrypted"] = True
    members = {**taken, **members_of(CLUSTER, ask.request)}
    for name, what in CLUSTER.born.items():
        members[name] = say(ask, what, members)
    # The admin's password is in the data; where the account managed it, it does so no longer.
    _check(ask, members)
    if members["DBSubnetGroup"] != "default":
        members["AvailabilityZones"] = groups.zones(ask.shelf.need(groups.SUBNETS, (members["DBSubnetGroup"].lower(),)))
    cluster = Kept(CLUSTER, ask.caller, members, dict(pairs(ask.request.get("Tags", []))))
    ask.shelf.add(cluster)
    ask.told(CLUSTER).made(cluster)
    return ask.answer(cluster, "DBCluster")
