"""Route 53: a record is a change of its zone; a zone's comment, VPCs, tags and query log are calls of their own."""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.resources.cast import pairs
from rehearsal.resources.errors import ResourceFailed, is_gone
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import only, pick, without

KEY = ("Name", "Type", "SetIdentifier")
ROUTING = ("Weight", "Region", "Failover", "GeoLocation", "HealthCheckId", "MultiValueAnswer")
RECORD = (*KEY, *ROUTING, "TTL", "ResourceRecords", "AliasTarget")


# records ------------------------------------------------------------------------------------------------------------


@prepare("HostedZoneId", "HostedZoneName", "Comment", *RECORD)
def record(resource: Resource, properties: Properties) -> Properties:
    """The change that makes the record, and takes away the one of another name, type or identifier that it was."""
    new = _record_set(properties)
    changes = [{"Action": "UPSERT" if resource.physical_id else "CREATE", "ResourceRecordSet": new}]
    old = resource.previous
    if resource.physical_id and _key(old) != _key(properties):
        found = find(resource, zone_of(resource, old), *_key(old))
        changes += [{"Action": "DELETE", "ResourceRecordSet": found}] if found else []
    batch = {"Changes": changes, **pick(properties, "Comment")}
    return {"HostedZoneId": zone_of(resource, properties), "ChangeBatch": batch}


def delete_record(resource: Resource) -> None:
    """Take the record away, as it is now; one that is not there any more is no failure."""
    properties = resource.properties
    try:
        delete(resource, zone_of(resource, properties), *_key(properties))
    except ClientError as error:
        if not is_gone(error):
            raise


def _key(properties: Properties) -> tuple[str, str, str | None]:
    return str(properties["Name"]), str(properties["Type"]), properties.get("SetIdentifier")


def _record_set(properties: Properties) -> Properties:
    out = pick(properties, *KEY, *ROUTING, "TTL")
    if "ResourceRecords" in properties:
        out["ResourceRecords"] = [{"Value": value} for value in properties["ResourceRecords"]]
    if "AliasTarget" in properties:
        target = only(properties["AliasTarget"], "AliasTarget", "DNSName", "HostedZoneId", "EvaluateTargetHealth")
        out["AliasTarget"] = {"EvaluateTargetHealth": False, **target}
    return out


def zone_of(resource: Resource, properties: Properties) -> str:
    """The zone by its id, or by its name where only one has it. Raises ResourceFailed."""
    if "HostedZoneId" in properties:
        return str(properties["HostedZoneId"])
    name = str(properties.get("HostedZoneName", ""))
    found = resource.api.call("list_hosted_zones_by_name", DNSName=name)["HostedZones"]
    ids = [z["Id"].rpartition("/")[2] for z in found if z["Name"].rstrip(".") == name.rstrip(".")]
    if len(ids) != 1:
        raise ResourceFailed(f"HostedZoneName {name!r}: expected one hosted zone of this name, found {len(ids)}")
    return str(ids[0])


def change(resource: Resource, zone: str, *changes: Properties) -> None:
    """Carry changes of one zone out, whatever the resource's own service. Raises botocore's errors."""
    client = resource.api.client("route53")
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": list(changes)})


def delete(resource: Resource, zone: str, name: str, kind: str, identifier: str | None) -> None:
    """Delete a record, if it is there. Raises botocore's errors."""
    found = find(resource, zone, name, kind, identifier)
    if found:
        change(resource, zone, {"Action": "DELETE", "ResourceRecordSet": found})


def find(resource: Resource, zone: str, name: str, kind: str, identifier: str | None) -> Properties | None:
    """The record as the zone has it: Route 53 deletes only what is told exactly. None where there is none."""
    pages = resource.api.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    for found in (r for page in pages for r in page["ResourceRecordSets"]):
        same_name = found["Name"].rstrip(".").lower() == name.rstrip(".").lower()
        if same_name and found["Type"] == kind and found.get("SetIdentifier") == identifier:
            return dict(found)
    return None


# zones --------------------------------------------------------------------------------------------------------------


@prepare("HostedZoneConfig", "VPCs", "QueryLoggingConfig", "HostedZoneTags")
def zone(resource: Resource, properties: Properties) -> Properties:
    """What CreateHostedZone takes: a zone with a VPC is private."""
    vpcs = properties.get("VPCs") or []
    config = {
        **only(properties.get("HostedZoneConfig") or {}, "HostedZoneConfig", "Comment"),
        "PrivateZone": bool(vpcs),
    }
    first = {"VPC": only(vpcs[0], "VPCs", "VPCId", "VPCRegion")} if vpcs else {}
    rest = without(properties, "VPCs", "QueryLoggingConfig", "HostedZoneTags")
    return {**rest, **first, "HostedZoneConfig": config}


@step("HostedZoneConfig")
def comment(resource: Resource, before: Properties | None) -> None:
    now = (resource.properties.get("HostedZoneConfig") or {}).get("Comment", "")
    if before is not None and now != (before.get("HostedZoneConfig") or {}).get("Comment", ""):
        resource.api.call("update_hosted_zone_comment", Id=resource.physical_id, Comment=now)


@step("VPCs")
def vpcs(resource: Resource, before: Properties | None) -> None:
    """The first VPC comes with the zone; at least one stays, else the zone would be another kind of zone."""
    now, old = resource.properties.get("VPCs") or [], (before or {}).get("VPCs") or []
    if before is not None and bool(now) != bool(old):
        raise ResourceFailed("VPCs: a public zone cannot become a private one, nor the reverse")
    there = resource.api.call("get_hosted_zone", Id=resource.physical_id).get("VPCs", [])
    for vpc in (v for v in now if v not in there):
        resource.api.call("associate_vpc_with_hosted_zone", HostedZoneId=resource.physical_id, VPC=vpc)
    for vpc in (v for v in there if v not in now):
        resource.api.call("disassociate_vpc_from_hosted_zone", HostedZoneId=resource.physical_id, VPC=vpc)


@step("HostedZoneTags")
def tags(resource: Resource, before: Properties | None) -> None:
    """A zone's tags, those of the stack among them."""
    wanted = {**resource.tags, **dict(pairs(resource.properties.get("HostedZoneTags") or []))}
    target = {"ResourceType": "hostedzone", "ResourceId": resource.physical_id}
    there = resource.api.call("list_tags_for_resource", **target)["ResourceTagSet"].get("Tags", [])
    gone = sorted({t["Key"] for t in there} - wanted.keys())
    if gone:
        resource.api.call("change_tags_for_resource", **target, RemoveTagKeys=gone)
    if wanted:
        added = [{"Key": k, "Value": v} for k, v in wanted.items()]
        resource.api.call("change_tags_for_resource", **target, AddTags=added)


@step("QueryLoggingConfig")
def query_log(resource: Resource, before: Properties | None) -> None:
    now, old = resource.properties.get("QueryLoggingConfig"), (before or {}).get("QueryLoggingConfig")
    if before is not None and now == old:
        return
    stop_query_log(resource)
    if now:
        arn = only(now, "QueryLoggingConfig", "CloudWatchLogsLogGroupArn")["CloudWatchLogsLogGroupArn"]
        resource.api.call(
            "create_query_logging_config", HostedZoneId=resource.physical_id, CloudWatchLogsLogGroupArn=arn
        )


def stop_query_log(resource: Resource) -> None:
    configs = resource.api.call("list_query_logging_configs")["QueryLoggingConfigs"]
    for config in configs:
        if config["HostedZoneId"] == resource.physical_id:
            resource.api.call("delete_query_logging_config", Id=config["Id"])


def _name_servers(resource: Resource, _: Any) -> list[str]:
    found = resource.api.call("get_hosted_zone", Id=resource.physical_id).get("DelegationSet") or {}
    return list(found.get("NameServers", []))


zone_id = Computed(lambda resource, _: resource.answer["HostedZone"]["Id"].rpartition("/")[2])
name_servers = Computed(_name_servers)
caller_reference = Computed(
    lambda resource, _: f"{resource.place.stack_name}-{resource.place.logical_id}-{random_tail()}"
)
