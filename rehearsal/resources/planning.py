"""Which calls make or change a resource: decided, and refused, before any of them is sent.

STRICT: every property must be carried by a call, honoured by a function of the table, or listed there as skipped with a
reason. Anything else fails the resource and names the property.
"""

from typing import TYPE_CHECKING, Any

from rehearsal.resources.arguments import Request, request, takes
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Operation, Properties
from rehearsal.resources.tags import tag_property, with_stack_tags

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource


def plan_creation(resource: "Resource") -> Request | None:
    """The create call; None for a type that is made of steps alone. Raises ResourceFailed."""
    sent = _sent(resource)
    operation = creation(resource)
    call = _request(resource, operation, sent) if operation else None
    carried = call.carried if call else frozenset()
    left = set(resource.asked) - carried - resource.kind.used_in_python - set(resource.kind.skipped)
    if left and not resource.kind.recorded:
        raise ResourceFailed(f"{resource.type_name}: {', '.join(sorted(left))}: not emulated, nobody would honour it")
    return call


def creation(resource: "Resource") -> Operation | None:
    """The operation that makes a resource with these properties."""
    instead = (o for name, o in resource.kind.instead.items() if name in resource.properties)
    return next(instead, resource.kind.create)


def plan_update(resource: "Resource", before: Properties) -> list[Request]:
    """The calls that lead from the properties asked for before to those asked for now. Raises ResourceFailed."""
    kind, now = resource.kind, resource.asked
    sent = _sent(resource)
    changed = {k for k in {*before, *now} if before.get(k) != now.get(k)}
    again = set(now) if resource.unsure else set()  # what a failed update may or may not have brought there
    handled: set[str | None] = {name for s in kind.steps for name in s.uses}
    requests = []
    if kind.put and kind.create:
        requests.append(_request(resource, kind.create, sent))
        taken_away = changed - set(now)
        handled |= requests[0].carried | taken_away | (kind.prepare.uses if kind.prepare else set())
    for operation in kind.update:
        here = {k for k in changed | again if takes(resource, operation, k)}
        if here:
            requests.append(_request(resource, operation, _part(resource, operation, sent, here)))
            handled |= here
    if kind.tagging:
        handled.add(tag_property(resource))
    left = set() if kind.recorded else changed - handled - set(kind.skipped)
    if left:
        raise ResourceFailed(f"an update of {resource.type_name}'s {', '.join(sorted(left))} is not emulated")
    return requests


def refuse_unkept(resource: "Resource") -> None:
    """Raises ResourceFailed for a property that the service would take and forget."""
    refused = resource.kind.refused.items()
    lost = [f"{path} ({why})" for path, why in refused if _is_there(resource.asked, path.split("."))]
    if lost:
        raise ResourceFailed(f"{resource.type_name}: {', '.join(lost)}: not emulated, nobody would honour it")


def _is_there(value: Any, path: list[str]) -> bool:
    if isinstance(value, list):
        return any(_is_there(item, path) for item in value)
    if not isinstance(value, dict) or path[0] not in value:
        return False
    return len(path) == 1 or _is_there(value[path[0]], path[1:])


def refuse_update_policies(resource: "Resource") -> None:
    """Raises ResourceFailed for an entry of UpdatePolicy that nobody would honour."""
    known = resource.kind.update_policies
    unknown = [
        name
        for name, policy in resource.update_policy.items()
        if name not in known and policy != {"WillReplace": False}  # the CDK's way of saying nothing
    ]
    if unknown:
        raise ResourceFailed(
            f"UpdatePolicy {', '.join(unknown)} of {resource.type_name} is not emulated "
            f"(emulated: {', '.join(sorted(known)) or 'none'})"
        )


def _sent(resource: "Resource") -> Properties:
    """What the calls are made from."""
    sent = with_stack_tags(resource, resource.properties)
    return resource.kind.prepare.act(resource, {**sent}) if resource.kind.prepare else sent


def _part(resource: "Resource", operation: Operation, sent: Properties, changed: set[str]) -> Properties:
    """What an update operation is sent; a property that is taken away goes back to the schema's default."""
    if operation.replaces:
        return sent
    part = {k: v for k, v in sent.items() if operation.whole or k in changed}
    return part | {k: _default(resource, k) for k in changed - set(resource.properties)}


def _default(resource: "Resource", prop: str) -> Any:
    if prop in resource.kind.defaults:
        return resource.kind.defaults[prop]
    found = resource.schema.properties.get(prop, {}).get("default") if resource.schema else None
    if found is None:
        raise ResourceFailed(f"taking away {prop} of {resource.type_name} is not emulated: set it to its default")
    return found


def _request(resource: "Resource", operation: Operation, sent: Properties) -> Request:
    tagging = resource.kind.tagging
    in_specifications = tagging is not None and tagging.at_create is not None and "Tags" in sent
    if tagging and in_specifications and takes(resource, operation, "TagSpecifications"):
        specification = {"ResourceType": tagging.at_create, "Tags": sent["Tags"]}
        rest = {k: v for k, v in sent.items() if k != "Tags"}
        made = request(resource, operation, {**rest, "TagSpecifications": [specification]})
        made = Request(made.operation, made.arguments, made.carried | {"Tags"}, made.dropped)
    else:
        made = request(resource, operation, sent)
    refused = [path for path in made.dropped if path not in resource.kind.skipped]
    if refused:
        raise ResourceFailed(f"{resource.type_name}: {', '.join(refused)}: not emulated, nobody would honour it")
    return made
