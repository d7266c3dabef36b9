"""CloudFront: lists in a template are structures with a quantity in the API; every change needs the entity tag."""

from typing import Any

from rehearsal.resources.cast import Shape, find, member_for, pairs
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Computed, Prepare, Properties, prepare, step
from rehearsal.resources.resource import Resource

# Properties of a template whose members are called otherwise in the API, by the structure that they are in.
RENAMED: dict[str, dict[str, str]] = {
    "DistributionConfig": {"IPV6Enabled": "IsIPV6Enabled"},
    "Origin": {"OriginCustomHeaders": "CustomHeaders"},
    "GeoRestriction": {"Locations": "Items"},
}
# What the API requires and a template need not say: AWS::CloudFront::Distribution's own defaults.
REQUIRED: dict[str, Properties] = {
    "DistributionConfig": {"Comment": ""},
    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443},
    "VpcOriginEndpointConfig": {"HTTPPort": 80, "HTTPSPort": 443},
    "S3OriginConfig": {"OriginAccessIdentity": ""},
    "ForwardedValues": {"Cookies": {"Forward": "none"}},
    "LoggingConfig": {"Enabled": True, "IncludeCookies": False, "Prefix": ""},
}


def counted(shape: Shape, value: Any) -> Any:
    """A template's value in the API's form: lists become {Quantity, Items}."""
    if shape.type_name == "list":
        return [counted(shape.member, item) for item in value] if isinstance(value, list) else value
    if shape.type_name != "structure":
        return value
    if isinstance(value, list) and "Items" in shape.members:
        enabled = {"Enabled": bool(value)} if "Enabled" in shape.members else {}
        return {**enabled, "Quantity": len(value), "Items": counted(shape.members["Items"], value)}
    if not isinstance(value, dict):
        return value
    renamed = RENAMED.get(shape.name, {})
    given: Properties = {renamed.get(str(k), str(k)): v for k, v in value.items()}
    if shape.name in ("DefaultCacheBehavior", "CacheBehavior"):
        given = _methods(given)
    out = dict(REQUIRED.get(shape.name, {}))
    for name, item in given.items():
        member = member_for(shape, name)
        out[member or name] = counted(shape.members[member], item) if member else item
    if "Quantity" in shape.members:
        out["Quantity"] = len(out.get("Items") or [])
    return out


def _methods(behaviour: Properties) -> Properties:
    """The cached methods are a part of the allowed ones in the API."""
    rest = {k: v for k, v in behaviour.items() if k != "CachedMethods"}
    if "CachedMethods" not in behaviour:
        return rest
    allowed = behaviour.get("AllowedMethods", ["GET", "HEAD"])
    return {**rest, "AllowedMethods": {"Items": allowed, "CachedMethods": behaviour["CachedMethods"]}}


@prepare("DistributionConfig", "Tags")
def distribution(resource: Resource, properties: Properties) -> Properties:
    """A distribution is made with its tags; an update takes the whole configuration."""
    shape = resource.api.shape("create_distribution").members["DistributionConfig"]
    config = counted(shape, properties["DistributionConfig"])
    if resource.physical_id:
        reference = _config(resource)["DistributionConfig"]["CallerReference"]
        return {"DistributionConfig": {**config, "CallerReference": reference}}
    place = resource.place
    config["CallerReference"] = f"{place.stack_name}-{place.logical_id}-{random_tail()}"
    return {"DistributionConfigWithTags": {"DistributionConfig": config, "Tags": {"Items": _tags(resource)}}}


def configured(prop: str, operation: str) -> Prepare:
    """The one structure that a resource is made of, in the API's form."""

    def act(resource: Resource, properties: Properties) -> Properties:
        shape = resource.api.shape(operation).members[prop]
        return {**properties, prop: counted(shape, properties[prop])}

    return Prepare(act, frozenset({prop}))


@prepare("VpcOriginEndpointConfig", "Tags")
def vpc_origin(resource: Resource, properties: Properties) -> Properties:
    shape = resource.api.shape("create_vpc_origin").members["VpcOriginEndpointConfig"]
    tags = {} if resource.physical_id else {"Tags": {"Items": _tags(resource)}}
    return {"VpcOriginEndpointConfig": counted(shape, properties["VpcOriginEndpointConfig"]), **tags}


def _tags(resource: Resource) -> list[Properties]:
    wanted = {**resource.tags, **dict(pairs(resource.properties.get("Tags") or []))}
    return [{"Key": k, "Value": v} for k, v in wanted.items()]


@step("Tags")
def tags(resource: Resource, before: Properties | None) -> None:
    """The tags of a distribution or VPC origin, those of the stack among them."""
    if before is None:
        return
    arn, wanted = find(resource.answer, "ARN"), _tags(resource)
    there = resource.api.call("list_tags_for_resource", Resource=arn)["Tags"].get("Items", [])
    gone = sorted({t["Key"] for t in there} - {t["Key"] for t in wanted})
    if gone:
        resource.api.call("untag_resource", Resource=arn, TagKeys={"Items": gone})
    if wanted:
        resource.api.call("tag_resource", Resource=arn, Tags={"Items": wanted})


def _config(resource: Resource) -> Properties:
    found: Properties = resource.api.call("get_distribution_config", Id=resource.physical_id)
    return found


def etag(operation: str) -> Computed:
    """The entity tag, read anew: every change makes another one."""
    return Computed(lambda resource, _: resource.api.call(operation, Id=resource.physical_id)["ETag"])


def disable(resource: Resource) -> None:
    """Only a distribution that is disabled can be deleted."""
    found = _config(resource)
    if found["DistributionConfig"]["Enabled"]:
        config = {**found["DistributionConfig"], "Enabled": False}
        resource.api.call(
            "update_distribution", Id=resource.physical_id, IfMatch=found["ETag"], DistributionConfig=config
        )
