"""Names, physical ids and attributes: what Ref and GetAtt give."""

import secrets
import string
from typing import TYPE_CHECKING, Any

from rehearsal.resources.cast import find
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.expressions import fill, value
from rehearsal.resources.kind import Name

if TYPE_CHECKING:
    from rehearsal.resources.resource import Resource

ALPHABET = string.ascii_uppercase + string.digits
TAIL_LENGTH = 12  # as in the names that CloudFormation generates


def random_tail() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(TAIL_LENGTH))


def name_property(resource: "Resource") -> str | None:
    """The property that holds the name of the resource, given or generated."""
    rule = resource.kind.name or _rule_of_schema(resource)
    if rule:
        return rule.prop
    identifiers = resource.schema.identifiers if resource.schema else ()
    given = [n for n in identifiers if resource.schema and not resource.schema.is_read_only(n)]
    return given[0] if len(identifiers) == 1 and given else None


def generated_name(resource: "Resource") -> tuple[str, str] | None:
    """(property, name) where CloudFormation names the resource because the template does not; else None."""
    rule = resource.kind.name or _rule_of_schema(resource)
    if rule is None or rule.prop in resource.properties:
        return None
    room = rule.max_length - TAIL_LENGTH - 2
    stack, logical = resource.place.stack_name, resource.place.logical_id
    head = f"{stack[: max(room // 2, room - len(logical))]}-{logical}"[: room + 1]
    name = f"{head}-{random_tail()}"
    return rule.prop, (name.lower() if rule.lower else name)[: rule.max_length]


def _rule_of_schema(resource: "Resource") -> Name | None:
    """A single identifier that may be given, but need not."""
    schema = resource.schema
    if schema is None or len(schema.identifiers) != 1:
        return None
    name = schema.identifiers[0]
    if schema.is_read_only(name) or name in schema.required:
        return None
    return Name(name, min(schema.properties.get(name, {}).get("maxLength", 128), 128))


def physical_id(resource: "Resource") -> str:
    """What Ref gives: the line of the table, else the schema's primary identifier in the answer or the properties."""
    if resource.kind.ref is not None:
        return str(fill(resource, resource.kind.ref))
    schema = resource.schema
    identifiers = schema.identifiers if schema else ()
    for name in sorted(identifiers, key=lambda n: not (schema and schema.is_read_only(n))):
        if schema and schema.is_read_only(name):
            for guess in _spellings(resource, name):
                found = find(resource.answer, guess)
                if found is not None and not isinstance(found, dict | list):
                    return str(found)
    for name in reversed(identifiers):
        if name in resource.properties:
            return str(resource.properties[name])
    return f"{resource.place.stack_name}-{resource.place.logical_id}-{random_tail()}"


def attribute(resource: "Resource", name: str) -> Any:
    """What GetAtt gives. Raises ResourceFailed for an attribute that the type does not have or nobody emulates."""
    if name in resource.kind.attributes:
        return fill(resource, resource.kind.attributes[name])
    schema = resource.schema
    if schema is not None and not schema.is_read_only(name.split(".")[0]) and not schema.is_read_only(name):
        raise ResourceFailed(f"Requested attribute {name} must be a readonly property in schema for {schema.type_name}")
    if schema is not None and schema.identifiers == (name,):
        return resource.physical_id
    for guess in _spellings(resource, name):
        found = value(resource, guess)
        if found is not None:
            return found
    raise ResourceFailed(f"attribute {name} of {resource.type_name} is not emulated")


def _spellings(resource: "Resource", name: str) -> list[str]:
    own = resource.type_name.rsplit("::", 1)[-1]
    return [name, own + name, f"{own}.{name}"] if name in ("Id", "Arn", "ARN", "Name") else [name]
