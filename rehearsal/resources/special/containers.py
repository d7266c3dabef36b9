"""ECS services and what scales them."""

from typing import Any

from rehearsal.resources.cast import pairs
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import without

TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")


@prepare()
def service(resource: Resource, properties: Properties) -> Properties:
    """A new service wants one task unless its template says otherwise: AWS::ECS::Service, DesiredCount."""
    daemon = properties.get("SchedulingStrategy") == "DAEMON"
    return properties if resource.physical_id or daemon else {"DesiredCount": 1, **properties}


def _target(properties: Properties) -> Properties:
    """What a policy scales: named by three properties, or by the scalable target's id. Raises ResourceFailed."""
    if "ScalingTargetId" in properties:
        parts = str(properties["ScalingTargetId"]).split("|")
        if len(parts) != len(TARGET):
            raise ResourceFailed(f"ScalingTargetId: expected what Ref gives of a target, found {'|'.join(parts)}")
        return dict(zip(TARGET, parts, strict=True))
    return {name: properties[name] for name in TARGET if name in properties}


@prepare("ScalingTargetId", *TARGET)
def scaling_policy(resource: Resource, properties: Properties) -> Properties:
    return {**without(properties, "ScalingTargetId"), **_target(properties)}


def target_part(name: str) -> Computed:
    def part(resource: Resource, _: Any) -> Any:
        return _target(resource.properties).get(name)

    return Computed(part)


@prepare("Tags")
def scalable_target(resource: Resource, properties: Properties) -> Properties:
    """moto takes no tags when a target is registered."""
    return without(properties, "Tags")


@step()
def first_tags(resource: Resource, before: Properties | None) -> None:
    wanted = {**resource.tags, **dict(pairs(resource.properties.get("Tags") or []))}
    if before is None and wanted:
        resource.api.call("tag_resource", ResourceARN=resource.answer["ScalableTargetARN"], Tags=wanted)


OF_TARGET = {name: target_part(name) for name in TARGET}
capacity_providers = Computed(
    lambda resource, _: resource.properties.get("CapacityProviders") or [], ("CapacityProviders",)
)
default_strategy = Computed(
    lambda resource, _: resource.properties.get("DefaultCapacityProviderStrategy") or [],
    ("DefaultCapacityProviderStrategy",),
)
