"""The values of the table's expressions (see `kind`)."""

import re
from typing import TYPE_CHECKING, Any

from rehearsal.resources.cast import find
from rehearsal.resources.kind import Computed, Expression

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource

NAME = re.compile(r"\{([\w.]+)\}")


def fill(resource: "Resource", node: Expression, item: Any = None) -> Any:
    """The value of an expression for a resource and, in Each, an item."""
    if isinstance(node, Computed):
        return node.function(resource, item)
    if isinstance(node, dict):
        return {k: fill(resource, v, item) for k, v in node.items()}
    if isinstance(node, list):
        return [fill(resource, v, item) for v in node]
    if not isinstance(node, str):
        return node
    if node.startswith("$item"):
        return item.get(node[6:]) if len(node) > 5 else item
    if node.startswith("$"):
        return resource.properties.get(node[1:])
    whole = NAME.fullmatch(node)
    return value(resource, whole[1]) if whole else NAME.sub(lambda m: str(value(resource, m[1])), node)


def value(resource: "Resource", name: str) -> Any:
    """What a name stands for: the place of the resource, a property, or a key of the service's answer."""
    place = resource.place
    fixed = {
        "id": resource.physical_id,
        "Account": place.account,
        "Region": place.region,
        "Logical": place.logical_id,
        "Stack": place.stack_name,
    }
    if name in fixed:
        return fixed[name]
    if name in resource.properties:
        return resource.properties[name]
    found: Any = resource.answer
    for part in name.split("."):
        found = find(found, part)
    return found
