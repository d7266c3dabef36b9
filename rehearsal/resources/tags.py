"""Tags of a resource: the template's own, and those of the stack below them."""

from typing import TYPE_CHECKING, Any

from rehearsal.resources.cast import pairs
from rehearsal.resources.expressions import fill
from rehearsal.resources.kind import Properties

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource


def tag_property(resource: "Resource") -> str | None:
    """The property that holds the tags; None where the type has none."""
    return resource.schema.tag_property if resource.schema else None


def with_stack_tags(resource: "Resource", properties: Properties) -> Properties:
    """The properties with the stack's tags among the template's, in the spelling of the type."""
    prop = tag_property(resource)
    if not (resource.tags and prop and resource.kind.tagging):
        return properties
    merged = {**resource.tags, **dict(pairs(properties.get(prop) or []))}
    as_map = resource.schema is not None and resource.schema.tags_are_a_map()
    tags: Any = merged if as_map else [{"Key": k, "Value": v} for k, v in merged.items()]
    return {**properties, prop: tags}


def retag(resource: "Resource", before: Properties, stack_tags_before: dict[str, str]) -> None:
    """Bring the tags of an existing resource in step, by the tagging calls of its line."""
    tagging, prop = resource.kind.tagging, tag_property(resource)
    if not tagging or not prop:
        return
    old = {**stack_tags_before, **dict(pairs(before.get(prop) or []))}
    new = {**resource.tags, **dict(pairs(resource.properties.get(prop) or []))}
    gone = sorted(old.keys() - new.keys())
    if gone:
        keys = [{"Key": k} for k in gone] if tagging.keys_as_tags else gone
        resource.api.send(tagging.remove.name, {**fill(resource, tagging.remove.arguments), tagging.keys: keys})
    if new and (new != old or resource.unsure):
        tags = [{"Key": k, "Value": v} for k, v in new.items()]
        resource.api.send(tagging.add.name, {**fill(resource, tagging.add.arguments), tagging.tags: tags})
