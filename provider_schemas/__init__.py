"""CloudFormation's provider schemas, as cfn-lint ships them: properties, identifiers, tags, replacement.

They are read as JSON: importing cfnlint itself costs 2.5 s, reading one schema about 1 ms.
"""

import importlib.util
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

Json = Mapping[str, Any]
POINTER = "/properties/"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Whether a change needs a new physical resource, in DescribeChangeSet's words, and which properties say so."""

    needed: Literal["True", "False", "Conditional"]
    because: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProviderSchema:
    """What CloudFormation itself says of one resource type."""

    type_name: str
    body: Json

    @property
    def properties(self) -> Json:
        """Name → JSON schema of each top-level property."""
        found: Json = self.body.get("properties", {})
        return found

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(self.body.get("required", ()))

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The properties that make up the physical id."""
        return tuple(p.removeprefix(POINTER) for p in self.body.get("primaryIdentifier", ()))

    def is_read_only(self, name: str) -> bool:
        return POINTER + name in self.body.get("readOnlyProperties", ())

    @property
    def tag_property(self) -> str | None:
        """The property into which CloudFormation merges the stack's tags; None where it does not."""
        tagging = self.body.get("tagging") or {}
        name = str(tagging.get("tagProperty", POINTER + "Tags")).removeprefix(POINTER)
        return name if tagging.get("taggable", True) and name in self.properties else None

    def tags_are_a_map(self) -> bool:
        """Whether the tag property is {key: value} and not a list of {Key, Value}."""
        return bool(self.properties.get(self.tag_property or "", {}).get("type") == "object")

    def create_only(self, properties: Json) -> dict[str, Any]:
        """Path (`A/B`) → value, of the create-only properties that are set; those that are so only sometimes count."""
        keys = ("createOnlyProperties", "conditionalCreateOnlyProperties")
        paths = sorted(pointer.removeprefix(POINTER) for key in keys for pointer in self.body.get(key, ()))
        found = {path: _at(properties, path.split("/")) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def replacement(self, changed: AbstractSet[str], before: Json, after: Json) -> Replacement:
        """What the change of the properties named in `changed` asks for.

        A nested create-only property counts where its value differs between `before` and `after`.
        """
        for key, needed in (
            ("createOnlyProperties", "True"),
            ("conditionalCreateOnlyProperties", "Conditional"),
        ):
            hit = {
                parts[0]
                for pointer in self.body.get(key, ())
                if (parts := pointer.removeprefix(POINTER).split("/"))[0] in changed
                and (len(parts) == 1 or _at(before, parts) != _at(after, parts))
            }
            if hit:
                return Replacement("True" if needed == "True" else "Conditional", frozenset(hit))
        return Replacement("False", frozenset(changed))


def _at(tree: Any, parts: list[str]) -> Any:
    """The value under a pointer; as much of it as can be told where the pointer runs through a list."""
    for part in parts:
        if not isinstance(tree, Mapping):
            return tree
        tree = tree.get(part)
    return tree


@lru_cache
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint is not installed: its provider schemas are needed")
    return Path(spec.submodule_search_locations[0], "data", "schemas")


@lru_cache
def _index(region: str) -> Json:
    path = _folder() / "providers" / f"{region}.json"
    found: Json = json.loads((path if path.exists() else _folder() / "providers" / "us-east-1.json").read_text())
    return found


@cache
def _read(digest: str) -> Json:
    found: Json = json.loads((_folder() / "resources" / f"{digest}.json").read_text())
    return found


@cache
def schema(region: str, type_name: str) -> ProviderSchema | None:
    """The schema of a type, or None where CloudFormation has no such type in the region."""
    digest = _index(region).get(type_name)
    return ProviderSchema(type_name, _read(digest)) if digest else None


# Types that have an UpdatePolicy → its definition in cfn-lint's schema of resource attributes.
UPDATE_POLICIES = {"AWS::AutoScaling::AutoScalingGroup": "AutoScalingGroupUpdatePolicy"}


@cache
def update_policies() -> Json:
    """cfn-lint's schema of UpdatePolicy; its definitions are named in UPDATE_POLICIES."""
    found: Json = json.loads((_folder() / "other" / "resources" / "update_policy.json").read_text())
    return found
