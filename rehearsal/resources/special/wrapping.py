"""Operations that want a resource's properties inside one structure: PutConfigRule(ConfigRule={…})."""

from typing import Any

from rehearsal.resources.expressions import fill
from rehearsal.resources.kind import Computed, Operation, Prepare, Properties, Step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import pick, without


def inside(member: str, *names: str, listed: bool = False) -> Prepare:
    """The named properties as the structure `member` of the call; `listed`: as the only item of a list."""

    def act(resource: Resource, properties: Properties) -> Properties:
        body = pick(properties, *names)
        return {**without(properties, *names), member: [body] if listed else body}

    return Prepare(act, frozenset(names))


def update_inside(operation: Operation, member: str, *names: str) -> Step:
    """An update's call with the named properties as the structure `member`, when one of them has changed."""

    def act(resource: Resource, before: Properties | None) -> None:
        changed = before is not None and any(before.get(n) != resource.properties.get(n) for n in names)
        if changed or (before is not None and resource.unsure):
            arguments = fill(resource, operation.arguments)
            resource.api.send(operation.name, {**arguments, member: pick(resource.properties, *names)})

    return Step(act, frozenset(names))


def part(prop: str, name: str) -> Computed:
    """One value inside a property that is a structure; None where it is not there."""

    def value(resource: Resource, _: Any) -> Any:
        return (resource.properties.get(prop) or {}).get(name)

    return Computed(value, (prop,))
