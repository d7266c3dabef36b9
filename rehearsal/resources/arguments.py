"""From properties to the arguments of an operation, and which properties it carries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.resources.cast import fold, member_for
from rehearsal.resources.expressions import fill, value
from rehearsal.resources.kind import Operation, Properties

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Request:
    """A call that is ready to be sent; `carried` are the properties in it, `dropped` the paths it has no place for."""

    operation: str
    arguments: dict[str, Any]
    carried: frozenset[str]
    dropped: tuple[str, ...]


def request(resource: "Resource", operation: Operation, sent: Properties) -> Request:
    """The operation with every property of `sent` that it takes, the identifiers, and the table's own arguments."""
    shape = resource.api.shape(operation.name)
    arguments: dict[str, Any] = {}
    carried = set()
    for name, item in sent.items():
        member = member_for(shape, resource.kind.rename.get(name, name)) if shape else None
        if member:
            arguments[member] = item
            carried.add(name)
    for member in shape.members if shape else ():
        if member not in arguments and (found := _identifier(resource, shape, member)) is not None:
            arguments[member] = found
    arguments.update({k: fill(resource, v) for k, v in operation.arguments.items()})
    ready, dropped = resource.api.cast(operation.name, arguments)
    return Request(operation.name, ready, frozenset(carried), tuple(dropped))


def takes(resource: "Resource", operation: Operation, prop: str) -> bool:
    """Whether the operation's input has a member for the property."""
    shape = resource.api.shape(operation.name)
    return bool(shape) and member_for(shape, resource.kind.rename.get(prop, prop)) is not None


def _identifier(resource: "Resource", shape: Any, member: str) -> Any:
    """The value of a member that names the resource, or that the operation requires; None where it is neither."""
    identifiers = {fold(i) for i in (resource.schema.identifiers if resource.schema else ())}
    listed = shape.members[member].type_name == "list"
    if len(identifiers) > 1 and fold(member) in identifiers:  # a part of it: the physical id is something else
        own = next((v for k, v in resource.properties.items() if fold(k) == fold(member)), None)
        if own is not None:
            return own
    if fold(member) in identifiers or (listed and fold(member).removesuffix("s") in identifiers):
        return resource.physical_id or None
    if member in shape.required_members:
        renamed = {v: k for k, v in resource.kind.rename.items()}
        return value(resource, renamed.get(member, member))
    return None
