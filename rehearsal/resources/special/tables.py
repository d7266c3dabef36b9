"""DynamoDB: settings that are calls of their own, and a global table as the one replica that it has here."""

from typing import Any

from rehearsal.resources.cast import pairs
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Computed, Operation, Properties, op, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, only, pick, without

TTL = op("update_time_to_live", TableName="{id}", TimeToLiveSpecification="$TimeToLiveSpecification")


@prepare("SSESpecification", "StreamSpecification")
def table(resource: Resource, properties: Properties) -> Properties:
    """Encryption and stream under the names of the API."""
    out = without(properties, "SSESpecification", "StreamSpecification")
    if "SSESpecification" in properties:
        out["SSESpecification"] = _encryption(properties["SSESpecification"])
    if "StreamSpecification" in properties:
        stream = _stream(properties["StreamSpecification"])
        if not (resource.unsure and stream == _table(resource).get("StreamSpecification")):  # on already
            out["StreamSpecification"] = stream
    return out


def _table(resource: Resource) -> dict[str, Any]:
    return dict(resource.api.call("describe_table", TableName=resource.physical_id)["Table"])


def _encryption(given: Properties) -> Properties:
    only(given, "SSESpecification", "SSEEnabled", "SSEType", "KMSMasterKeyId")
    return {"Enabled": given["SSEEnabled"], **pick(given, "SSEType", "KMSMasterKeyId")}


def _stream(given: Properties) -> Properties:
    return {"StreamEnabled": True, **only(given, "StreamSpecification", "StreamViewType")}


@step("TimeToLiveSpecification")
def time_to_live(resource: Resource, before: Properties | None) -> None:
    """On, or off; DynamoDB refuses to be told what it does already."""
    now, old = resource.properties.get("TimeToLiveSpecification"), (before or {}).get("TimeToLiveSpecification")
    wanted = now if now is not None else {**(old or {}), "Enabled": False}
    found = resource.api.call("describe_time_to_live", TableName=resource.physical_id)["TimeToLiveDescription"]
    is_on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    if now == old and not resource.unsure:
        return
    if is_true(wanted.get("Enabled")) == is_on and (not is_on or found.get("AttributeName") == wanted["AttributeName"]):
        return
    if is_on:
        off = {"Enabled": False, "AttributeName": found["AttributeName"]}
        resource.api.send(TTL.name, {"TableName": resource.physical_id, "TimeToLiveSpecification": off})
    if is_true(wanted.get("Enabled")):
        resource.api.send(TTL.name, {"TableName": resource.physical_id, "TimeToLiveSpecification": wanted})


policy_text = Computed(
    lambda resource, _: only(resource.properties["ResourcePolicy"], "ResourcePolicy", "PolicyDocument")[
        "PolicyDocument"
    ],
    ("ResourcePolicy",),
)

# A global table is emulated as the one replica that it has in the stack's own region.
OF_TABLE = ("BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")
OF_REPLICA = ("DeletionProtectionEnabled", "TableClass", "Tags")
HONOURED = (*OF_REPLICA, "Region", "PointInTimeRecoverySpecification", "SSESpecification", "ResourcePolicy")


def replica(resource: Resource, properties: Properties | None = None) -> Properties:
    """The replica of the stack's own region. Raises ResourceFailed where there are others."""
    replicas = (properties or resource.properties)["Replicas"]
    regions = [r["Region"] for r in replicas]
    if regions != [resource.place.region]:
        raise ResourceFailed(
            f"Replicas: expected the stack's own region {resource.place.region} alone, found {', '.join(regions)}: "
            "replication between regions is not emulated"
        )
    return dict(only(replicas[0], "Replicas", *HONOURED))


@prepare("Replicas", "SSESpecification", "StreamSpecification", "WriteOnDemandThroughputSettings")
def global_table(resource: Resource, properties: Properties) -> Properties:
    """A table as CreateTable and UpdateTable take it: its own properties and its replica's."""
    own = replica(resource, properties)
    out = {**pick(properties, "TableName", *OF_TABLE, "GlobalSecondaryIndexes"), **pick(own, *OF_REPLICA)}
    if "StreamSpecification" in properties:
        out["StreamSpecification"] = _stream(properties["StreamSpecification"])
    if "WriteOnDemandThroughputSettings" in properties:
        raise ResourceFailed("WriteOnDemandThroughputSettings: not emulated, nobody would honour it")
    if "SSESpecification" in properties:
        key = only(own.get("SSESpecification", {}), "Replicas.SSESpecification", "KMSMasterKeyId")
        out["SSESpecification"] = _encryption({**properties["SSESpecification"], **key})
    if resource.physical_id:
        out.pop("Tags", None)
    return out


@step("Replicas", "SSESpecification", "StreamSpecification")
def change_replica(resource: Resource, before: Properties | None) -> None:
    """What UpdateTable takes, from the table's and the replica's properties."""
    if before is None:
        return
    now, old = global_table.act(resource, resource.properties), global_table.act(resource, before)
    defaults = {"DeletionProtectionEnabled": False, "TableClass": "STANDARD", "SSESpecification": {"Enabled": False}}
    defaults["StreamSpecification"] = {"StreamEnabled": False}
    changed = {k: now.get(k, defaults[k]) for k in defaults if now.get(k) != old.get(k)}
    if changed:
        resource.api.send("update_table", {"TableName": resource.physical_id, **changed})


@step("Replicas")
def replica_settings(resource: Resource, before: Properties | None) -> None:
    """Backups, policy and tags are calls of their own."""
    now, old = replica(resource), replica(resource, before) if before else {}
    arn = f"arn:aws:dynamodb:{resource.place.region}:{resource.place.account}:table/{resource.physical_id}"

    def differs(name: str) -> bool:
        return resource.unsure or now.get(name) != old.get(name)

    if differs("PointInTimeRecoverySpecification"):
        wanted = now.get("PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False})
        arguments = {"TableName": resource.physical_id, "PointInTimeRecoverySpecification": wanted}
        resource.api.send("update_continuous_backups", arguments)
    if differs("ResourcePolicy") and "ResourcePolicy" in now:
        document = only(now["ResourcePolicy"], "ResourcePolicy", "PolicyDocument")["PolicyDocument"]
        resource.api.send("put_resource_policy", {"ResourceArn": arn, "Policy": document})
    elif differs("ResourcePolicy") and "ResourcePolicy" in old:
        resource.api.call("delete_resource_policy", ResourceArn=arn)
    if before is not None and differs("Tags"):
        tags_now, tags_old = dict(pairs(now.get("Tags") or [])), dict(pairs(old.get("Tags") or []))
        if gone := sorted(tags_old.keys() - tags_now.keys()):
            resource.api.call("untag_resource", ResourceArn=arn, TagKeys=gone)
        if tags_now:
            resource.api.send("tag_resource", {"ResourceArn": arn, "Tags": now["Tags"]})


def index_change(verb: str, item: Any) -> Operation:
    """UpdateTable with one index that comes or goes."""
    arguments: dict[str, Any] = {"TableName": "{id}", "GlobalSecondaryIndexUpdates": [{verb: item}]}
    if verb == "Create":
        arguments["AttributeDefinitions"] = "$AttributeDefinitions"
    return op("update_table", **arguments)
