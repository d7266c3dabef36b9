"""Property by property: which call makes it, which one changes it, or why nobody honours it.

Derived from the same facts by which a resource is planned (`planning`): a line of the table, CloudFormation's provider
schema, botocore's input shapes. So it cannot say more, nor less, than what happens to a template. Everything that no
call carries and no function of the line names is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from provider_schemas import ProviderSchema, schema
from rehearsal.resources.cast import member_for
from rehearsal.resources.kind import Call, Each, Kind, Operation, Step

REGION = "eu-west-1"  # the schemas of the regions differ in which types there are
OWN_CALLS = "calls of its own"
REPLACEMENT = "replacement"
REFUSED = "refused"
KEPT = "only kept"


@dataclass(frozen=True, slots=True)
class PropertyStatus:
    """What becomes of one property.

    `made_by`, `changed_by`: operations, "calls of its own" (Python in special/), "replacement", "refused", "only kept".
    `reason`: why nobody honours it; with a path where only a part of it is meant.
    """

    name: str
    made_by: tuple[str, ...]
    changed_by: tuple[str, ...]
    reason: str = ""


def properties(type_name: str, kind: Kind) -> tuple[PropertyStatus, ...]:
    """Every property that a template may set, in alphabetical order."""
    found = schema(REGION, type_name)
    if found is None:
        return ()
    names = sorted(name for name in found.properties if not found.is_read_only(name) or name in found.required)
    return tuple(_status(kind, found, name) for name in names)


def _status(kind: Kind, found: ProviderSchema, name: str) -> PropertyStatus:
    if kind.recorded:
        return PropertyStatus(name, (KEPT,), (KEPT,))
    if name in kind.refused:
        return PropertyStatus(name, (REFUSED,), (REFUSED,), kind.refused[name])
    made = tuple(dict.fromkeys(_makers(kind, name)))
    if not made and name in kind.skipped:
        return PropertyStatus(name, ("nobody",), ("nobody",), kind.skipped[name])
    if not made:
        return PropertyStatus(name, (REFUSED,), (REFUSED,))
    changed = tuple(dict.fromkeys(_changers(kind, found, name))) or (REFUSED,)
    return PropertyStatus(name, made, changed, _reasons(kind, name))


def _reasons(kind: Kind, name: str) -> str:
    """What is said of parts of the property, or of the property itself though calls carry it."""
    parts: Mapping[str, str] = {**kind.skipped, **{k: f"refused, {v}" for k, v in kind.refused.items()}}
    said = [why if path == name else f"{path}: {why}" for path, why in parts.items() if path.split(".")[0] == name]
    return "; ".join(said)


def _makers(kind: Kind, name: str) -> Iterator[str]:
    for operation in (kind.create, *(o for p, o in kind.instead.items() if p == name)):
        if operation and (_takes(kind, operation, name) or _prepared(kind, name)):
            yield operation.name
    yield from _in_steps(kind, name, at_creation=True)


def _changers(kind: Kind, found: ProviderSchema, name: str) -> Iterator[str]:
    if found.replacement({name}, {}, {name: ""}).needed == "True":
        yield REPLACEMENT
        return
    if kind.tagging and name == found.tag_property:
        yield kind.tagging.add.name
        yield kind.tagging.remove.name
        return
    if kind.put and kind.create and (_takes(kind, kind.create, name) or _prepared(kind, name)):
        yield kind.create.name
    for operation in kind.update:
        if _takes(kind, operation, name):
            yield operation.name
    yield from _in_steps(kind, name, at_creation=False)


def _in_steps(kind: Kind, name: str, at_creation: bool) -> Iterator[str]:
    for step in kind.steps:
        if name not in step.uses:
            continue
        if isinstance(step, Step):
            yield OWN_CALLS
        elif isinstance(step, Call) and (step.at_create or not at_creation):
            yield step.operation.name
        elif isinstance(step, Each) and (step.at_create or not at_creation):
            yield step.add.name
            if step.remove and not at_creation:
                yield step.remove.name


def _prepared(kind: Kind, name: str) -> bool:
    return kind.prepare is not None and name in kind.prepare.uses


def _takes(kind: Kind, operation: Operation, name: str) -> bool:
    shape = _input(kind.service, operation.name)
    if name == "Tags" and kind.tagging and kind.tagging.at_create:
        name = "TagSpecifications"
    return shape is not None and member_for(shape, kind.rename.get(name, name)) is not None


@lru_cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@lru_cache
def _input(service: str, operation: str) -> Any:
    """botocore's shape of an operation's input, by the operation's Python name; None without input."""
    from botocore import xform_name

    model = _session().get_service_model(service)
    name = next(n for n in model.operation_names if xform_name(n) == operation)
    return model.operation_model(name).input_shape
