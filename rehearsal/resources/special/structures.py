"""Small helpers with which special cases stay strict."""

from collections.abc import Mapping
from typing import Any

from rehearsal.resources.errors import ResourceFailed


def pick(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named keys that are there."""
    return {k: properties[k] for k in names if k in properties}


def without(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Everything but the named keys."""
    return {k: v for k, v in properties.items() if k not in names}


def only(item: Mapping[str, Any], where: str, *names: str) -> Mapping[str, Any]:
    """The item itself. Raises ResourceFailed where it has a key that the caller would silently drop."""
    if extra := sorted(set(item) - set(names)):
        raise ResourceFailed(f"{where}: {', '.join(extra)}: not emulated, nobody would honour it")
    return item


def is_true(value: Any) -> bool:
    """CloudFormation's booleans come as booleans or as text."""
    return str(value).lower() == "true"
