"""CloudFormation property values → the input that a botocore operation expects.

Names differ by case and plural ("SubnetId" and "SubnetIds"), scalars by type ("5" and 5), tags by spelling. What the
operation has no place for is collected in `dropped`: the caller decides, and in a strict table it is an error.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from rehearsal.resources.errors import ResourceFailed

Shape = Any  # botocore.model.Shape, untyped


def fold(name: str) -> str:
    """A name without what CloudFormation and the services spell differently."""
    return name.lower().replace("_", "")


def member_for(shape: Shape, name: str) -> str | None:
    """The member of an operation's input that takes the property: same letters, or the plural of a list."""
    members = {fold(m): m for m in shape.members}
    base = fold(name)
    guesses = (
        base,
        base + "s",
        base + "ids",
        base + "id",
        base.removesuffix("s"),
        base.removesuffix("ids") + "s",
        base.removesuffix("list") + "s",
    )
    return next((members[g] for g in guesses if g in members), None)


def pairs(tags: Any) -> list[tuple[str, str]]:
    """Tags in any spelling → (key, value)."""
    if isinstance(tags, dict):
        return [(str(k), str(v)) for k, v in tags.items()]
    return [
        (
            str(t.get("Key") or t.get("key") or t.get("TagKey")),
            str(t.get("Value", t.get("value", t.get("TagValue", "")))),
        )
        for t in tags
    ]


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it; a structure as JSON (policy documents)."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)


@dataclass(slots=True)
class Caster:
    """Casts one call's arguments; `dropped` are the property paths that found no place."""

    dropped: list[str] = field(default_factory=list)

    def cast(self, shape: Shape, value: Any, path: str = "") -> Any:
        """The value in the form of the shape. Raises ResourceFailed where it cannot have that form."""
        casts = {"structure": self._structure, "list": self._list, "map": self._map}
        if shape.type_name in casts:
            return casts[shape.type_name](shape, value, path)
        try:
            return _scalar(shape.type_name, value)
        except ValueError:
            raise ResourceFailed(f"{path}: expected a {shape.type_name}, found {value!r}") from None

    def _structure(self, shape: Shape, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ResourceFailed(f"{path}: expected a structure, found {value!r}")
        out = {}
        for name, item in value.items():
            member = member_for(shape, name)
            here = f"{path}.{name}".lstrip(".")
            if member is None:
                self.dropped.append(here)
            else:
                out[member] = self.cast(shape.members[member], item, here)
        return out

    def _list(self, shape: Shape, value: Any, path: str) -> list[Any]:
        if isinstance(value, dict) and _is_tag(shape.member):
            value = [{"Key": k, "Value": v} for k, v in value.items()]
        if isinstance(value, str) and "," in value:
            value = value.split(",")
        items = value if isinstance(value, list) else [value]
        if _is_tag(shape.member) and len(shape.member.members) == 2 and all(len(item) == 2 for item in items):
            key, text = sorted(shape.member.members, key=lambda m: "value" in m.lower())
            return [{key: k, text: v} for k, v in pairs(items)]
        return [self.cast(shape.member, item, path) for item in items]

    def _map(self, shape: Shape, value: Any, path: str) -> dict[str, Any]:
        if isinstance(value, list):
            return dict(pairs(value))
        if not isinstance(value, dict):
            raise ResourceFailed(f"{path}: expected a map, found {value!r}")
        return {str(k): self.cast(shape.value, v, f"{path}.{k}") for k, v in value.items()}


def _is_tag(shape: Shape) -> bool:
    if shape.type_name != "structure":
        return False
    names = {fold(m) for m in shape.members}
    return bool(names & {"key", "tagkey"}) and bool(names & {"value", "tagvalue"})


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        number = float(value)
        if number != int(number):
            raise ValueError(value)
        return int(number)
    if kind in ("double", "float"):
        return float(value)
    if kind == "boolean":
        if text_of(value).lower() not in ("true", "false"):
            raise ValueError(value)
        return text_of(value).lower() == "true"
    if kind == "string":
        joined = isinstance(value, list) and all(isinstance(v, str) for v in value)
        return ",".join(value) if joined else text_of(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    return value


def find(answer: Any, name: str) -> Any:
    """The value under a key spelt like `name` in a service's answer, breadth first; None where there is none."""
    wanted, level = fold(name), [answer]
    while level:
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                for key, value in node.items():
                    if fold(key) == wanted:
                        return value
                below.extend(v for k, v in node.items() if k != "ResponseMetadata")
            elif isinstance(node, list):
                below.extend(node)
        level = below
    return None
