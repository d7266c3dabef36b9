"""RDS and Secrets Manager: what a call or two cannot say."""

import json
from typing import Any

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Computed, Properties, Step, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import only, pick, without

# --- RDS --------------------------------------------------------------------------------------------------------------

PARAMETERS_AT_ONCE = 20  # API_ModifyDBClusterParameterGroup: a maximum of 20 parameters in a single request


@prepare("MasterUserSecret")
def cluster(resource: Resource, properties: Properties) -> Properties:
    """The key of the admin's secret is an argument of its own; log exports are one only when a cluster is made."""
    out = without(properties, "MasterUserSecret")
    secret = only(properties.get("MasterUserSecret", {}), "MasterUserSecret", "KmsKeyId")
    return {**out, **({"MasterUserSecretKmsKeyId": secret["KmsKeyId"]} if secret else {})}


# What ModifyDBCluster takes and RestoreDBClusterFromSnapshot does not.
AFTER_RESTORE = (
    "AutoMinorVersionUpgrade",
    "BackupRetentionPeriod",
    "ManageMasterUserPassword",
    "MasterUserSecret",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "DatabaseInsightsMode",
)


@step(*AFTER_RESTORE)
def after_restore(resource: Resource, before: Properties | None) -> None:
    """A cluster from a snapshot gets the rest of its properties by a modification, as CloudFormation does it."""
    if before is not None or "SnapshotIdentifier" not in resource.properties:
        return
    rest = pick(resource.properties, *AFTER_RESTORE)
    if rest:
        arguments = {
            **cluster.act(resource, rest),
            "DBClusterIdentifier": resource.physical_id,
            "ApplyImmediately": True,
        }
        resource.api.send("modify_db_cluster", arguments)


@step("StorageEncrypted")
def encrypted_as_asked(resource: Resource, before: Properties | None) -> None:
    """RestoreDBClusterFromSnapshot takes no such argument: the cluster has it from the snapshot, or through KmsKeyId.

    CloudFormation's documentation advises against the property there; CDK's DatabaseClusterFromSnapshot sets it.
    """
    if before is not None or "SnapshotIdentifier" not in resource.properties:
        return
    if resource.properties.get("StorageEncrypted") and not _cluster(resource)["StorageEncrypted"]:
        raise ResourceFailed(
            "StorageEncrypted: the snapshot is not encrypted, and there is no KmsKeyId to encrypt with"
        )


@step("EnableCloudwatchLogsExports", "MasterUserSecret")
def exports_and_secret(resource: Resource, before: Properties | None) -> None:
    """Which logs are exported, as a difference; the key of a secret that is managed anew."""
    if before is None:
        return
    now, old = (set(p.get("EnableCloudwatchLogsExports") or []) for p in (resource.properties, before))
    if resource.unsure:  # the change that failed may or may not have come through
        old |= set(_cluster(resource).get("EnabledCloudwatchLogsExports", []))
    arguments: Properties = {}
    if now != old:
        difference = {"EnableLogTypes": sorted(now - old), "DisableLogTypes": sorted(old - now)}
        arguments["CloudwatchLogsExportConfiguration"] = difference
    if before.get("MasterUserSecret") != resource.properties.get("MasterUserSecret"):
        raise ResourceFailed("another key for the admin's secret is not emulated: stop managing it first")
    if arguments:
        resource.api.send("modify_db_cluster", {"DBClusterIdentifier": resource.physical_id, **arguments})


def _cluster(resource: Resource) -> dict[str, Any]:
    found = resource.api.call("describe_db_clusters", DBClusterIdentifier=resource.physical_id)
    return dict(found["DBClusters"][0])


def of_cluster(*path: str) -> Computed:
    """GetAtt from the cluster as it is now."""

    def value(resource: Resource, _: Any) -> Any:
        found: Any = _cluster(resource)
        for name in path:
            found = found.get(name, {})
        if found == {}:
            raise ResourceFailed(f"the cluster {resource.physical_id} has no {'.'.join(path)}")
        return found

    return Computed(value)


final_snapshot = Computed(
    lambda resource, _: f"{resource.place.stack_name}-snapshot-{resource.place.logical_id}-{random_tail()}".lower()
)


def lower(prop: str) -> Computed:
    """RDS keeps names in small letters, and so Ref gives them."""
    return Computed(lambda resource, _: str(resource.properties[prop]).lower())


def parameters(prefix: str) -> Step:
    """The parameters of a group: those that are named are set, those that are named no longer are reset."""
    key = f"{prefix}ParameterGroupName"
    verb = prefix.replace("DB", "db").replace("dbCluster", "db_cluster")

    @step("Parameters")
    def act(resource: Resource, before: Properties | None) -> None:
        now = resource.properties.get("Parameters") or {}
        old = (before or {}).get("Parameters") or {}
        method = {"ApplyMethod": "pending-reboot"}
        gone = [{"ParameterName": n, **method} for n in old if n not in now]
        changed = [
            {"ParameterName": n, "ParameterValue": v, **method}
            for n, v in now.items()
            if resource.unsure or old.get(n) != v
        ]
        for operation, items in ((f"reset_{verb}_parameter_group", gone), (f"modify_{verb}_parameter_group", changed)):
            for first in range(0, len(items), PARAMETERS_AT_ONCE):
                part = items[first : first + PARAMETERS_AT_ONCE]
                resource.api.send(operation, {key: resource.physical_id, "Parameters": part})

    return act


# --- Secrets Manager --------------------------------------------------------------------------------------------------

GENERATED = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)


@prepare("GenerateSecretString")
def secret(resource: Resource, properties: Properties) -> Properties:
    """A secret's value, generated by Secrets Manager where the template says how."""
    if "GenerateSecretString" not in properties:
        return properties
    if "SecretString" in properties:
        raise ResourceFailed("a secret has SecretString or GenerateSecretString, not both")
    out = without(properties, "GenerateSecretString")
    generated = resource.previous.get("GenerateSecretString") == properties["GenerateSecretString"]
    if resource.physical_id and generated:  # an update of something else leaves the value alone
        return out
    return {**out, "SecretString": _generated(resource, properties["GenerateSecretString"])}


def _generated(resource: Resource, how: Properties) -> str:
    only(how, "GenerateSecretString", *GENERATED, "SecretStringTemplate", "GenerateStringKey")
    arguments, _ = resource.api.cast("get_random_password", pick(how, *GENERATED))
    password = resource.api.call("get_random_password", **arguments)["RandomPassword"]
    if "SecretStringTemplate" not in how:
        return str(password)
    try:
        return json.dumps({**json.loads(how["SecretStringTemplate"]), how["GenerateStringKey"]: password})
    except (ValueError, KeyError) as error:
        raise ResourceFailed(f"GenerateSecretString: SecretStringTemplate and GenerateStringKey: {error}") from error


@step("GenerateSecretString")
def generate_again(resource: Resource, before: Properties | None) -> None:
    """Another way of generating is another value."""
    how = resource.properties.get("GenerateSecretString")
    if before is not None and how is not None and how != before.get("GenerateSecretString"):
        resource.api.call("put_secret_value", SecretId=resource.physical_id, SecretString=_generated(resource, how))


CONNECTION = {"AWS::RDS::DBCluster": "dbClusterIdentifier", "AWS::RDS::DBInstance": "dbInstanceIdentifier"}


def _connection(resource: Resource) -> Properties:
    """What a program must know of a database to reach it, as Secrets Manager writes it."""
    kind, name = resource.properties["TargetType"], resource.properties["TargetId"]
    if kind == "AWS::RDS::DBCluster":
        found = resource.api.call("describe_db_clusters", "rds", DBClusterIdentifier=name)["DBClusters"][0]
        host, port, database = found["Endpoint"], found["Port"], found.get("DatabaseName")
    elif kind == "AWS::RDS::DBInstance":
        found = resource.api.call("describe_db_instances", "rds", DBInstanceIdentifier=name)["DBInstances"][0]
        host, port, database = found["Endpoint"]["Address"], found["Endpoint"]["Port"], found.get("DBName")
    else:
        raise ResourceFailed(f"a secret of {kind} is not emulated: {', '.join(CONNECTION)} are")
    engine = str(found["Engine"]).removeprefix("aurora-")
    out = {"engine": engine, "host": host, "port": port, CONNECTION[kind]: name}
    return out | ({"dbname": database} if database else {})


def _write(resource: Resource, add: Properties) -> None:
    target = resource.properties["SecretId"]
    text = resource.api.call("get_secret_value", SecretId=target)["SecretString"]
    kept = {k: v for k, v in json.loads(text).items() if k not in ("engine", "host", "port", "dbname")}
    kept = {k: v for k, v in kept.items() if k not in CONNECTION.values()}
    resource.api.call("put_secret_value", SecretId=target, SecretString=json.dumps({**kept, **add}))


@step("SecretId", "TargetId", "TargetType")
def attach(resource: Resource, before: Properties | None) -> None:
    """The secret knows where its database is."""
    _write(resource, _connection(resource))


def detach(resource: Resource) -> None:
    """The secret forgets its database."""
    _write(resource, {})
