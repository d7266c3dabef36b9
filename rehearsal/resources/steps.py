"""The calls and functions that follow the create and update calls of a resource."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.resources.errors import ResourceFailed, exists, is_gone
from rehearsal.resources.expressions import fill
from rehearsal.resources.kind import Call, Each, Operation, Properties, Step

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource


def run_steps(resource: "Resource", before: Properties | None) -> None:
    """Carry out the steps of the resource's line; `before`: the properties before an update, None at creation.

    After a failed update nothing is left out for being the same, and what is to be added may be there already.
    """
    for step in resource.kind.steps:
        if isinstance(step, Step):
            step.act(resource, before)
        elif isinstance(step, Each):
            _each(resource, step, before)
        else:
            _call(resource, step, before)


def remove_items(resource: "Resource") -> None:
    """Undo every Each, before the resource itself is deleted."""
    for step in resource.kind.steps:
        if isinstance(step, Each) and step.remove:
            for item in _items(resource.properties.get(step.prop)):
                _quietly(resource, step.remove, item)


def _call(resource: "Resource", call: Call, before: Properties | None) -> None:
    is_set = any(resource.properties.get(p) is not None for p in call.uses)
    changed = before is not None and (resource.unsure or _differ(resource, before, call.uses))
    wanted = call.at_create if before is None else changed
    if wanted and is_set:
        _send(resource, call.operation)
    elif wanted and before is not None and _differ(resource, before, call.uses):
        if call.undo is None:
            names = ", ".join(sorted(call.uses))
            raise ResourceFailed(f"taking away {names} of {resource.type_name} is not emulated")
        _send(resource, call.undo)


def _each(resource: "Resource", each: Each, before: Properties | None) -> None:
    now, old = _items(resource.properties.get(each.prop)), _items((before or {}).get(each.prop))
    again = resource.unsure or (before is not None and _differ(resource, before, each.also))
    for item in old:
        if item not in now:
            if each.remove is None:
                raise ResourceFailed(f"taking an item out of {resource.type_name}'s {each.prop} is not emulated")
            _quietly(resource, each.remove, item)
    if before is None and not each.at_create:
        return
    for item in now:
        if item not in old or again:
            try:
                _send(resource, each.add, item)
            except ClientError as error:
                if not (resource.unsure and exists(error)):
                    raise


def _differ(resource: "Resource", before: Properties, names: Iterable[str]) -> bool:
    return any(before.get(n) != resource.properties.get(n) for n in names)


def _quietly(resource: "Resource", operation: Operation, item: Any) -> None:
    try:
        _send(resource, operation, item)
    except ClientError as error:
        if not is_gone(error):
            raise


def _send(resource: "Resource", operation: Operation, item: Any = None) -> None:
    resource.api.send(operation.name, fill(resource, operation.arguments, item))


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
