"""A parameter file as the values that stacks read: `[network] nat_gateways = 1` is `network/nat-gateways` = "1".

The rule is mechanical, so that a name found in a template says where it comes from. A list is filled up to the most
that its field allows, because a template has a fixed number of places; what is not set is `NONE`.
"""

from collections.abc import Iterator

from annotated_types import MaxLen

from infra.parameters import Environment
from infra.parameters.fields import Table

NONE = "none"
"""SSM has no empty values."""
NOT_FOR_STACKS = ("name", "slug", "account", "region", "cost_centre", "tooling")

Value = str | tuple[str, ...]


def values(environment: Environment) -> dict[str, Value]:
    """Name → text, or texts where it is a list; names are relative, such as `web/instance-types`."""
    return {"environment": environment.name} | dict(_of(environment))


def _of(table: Table, prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, field in type(table).model_fields.items():
        value, name = getattr(table, key), prefix + key.replace("_", "-")
        if not prefix and (key in NOT_FOR_STACKS or value is None):
            continue
        if isinstance(value, Table):
            yield from _of(value, f"{name}/")
        elif isinstance(value, tuple):
            places = next(m.max_length for m in field.metadata if isinstance(m, MaxLen))
            yield name, (*map(_text, value), *[NONE] * (places - len(value)))
        else:
            yield name, _text(value)


def _text(value: object) -> str:
    if value is None:
        return NONE
    return str(value).lower() if isinstance(value, bool) else str(value)
