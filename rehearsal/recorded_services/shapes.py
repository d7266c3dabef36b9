"""botocore's shapes: whether a request fits its own, and what of a kept thing an answer has room for."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.validate import ParamValidator

from rehearsal.front.service import AwsError

Shape = Any  # botocore.model.Shape, untyped


def check(shape: Shape, request: Mapping[str, Any], code: str = "ValidationException") -> None:
    """Raises AwsError for a request that lacks what is required, or has what is no value of its member."""
    if shape is None:
        return
    report = ParamValidator().validate(request, shape)
    problems = [report.generate_report()] if report.has_errors() else []
    problems += _not_in_enumeration(shape, request, "")
    if problems:
        raise AwsError(code, " ".join(" ".join(problems).split()))


def _not_in_enumeration(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, item in value.items():
            if name in shape.members:
                yield from _not_in_enumeration(shape.members[name], item, f"{path}.{name}".lstrip("."))
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from _not_in_enumeration(shape.member, item, path)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_in_enumeration(shape.key, key, path)
            yield from _not_in_enumeration(shape.value, item, path)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value} is none of {', '.join(shape.enum)}."


def without_none(value: Any) -> Any:
    """A request as it was sent: moto's parser says None for members that are not there."""
    if isinstance(value, dict):
        return {k: without_none(v) for k, v in value.items() if v is not None}
    return [without_none(v) for v in value] if isinstance(value, list) else value


def fitting(shape: Shape, members: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """What of a kept thing the shape has room for; tags in the spelling of the shape."""
    found = {name: members[name] for name in shape.members if members.get(name) is not None}
    for name in ("Tags", "tags", "TagList", "ResourceTags"):
        if name in shape.members:
            found[name] = spelt(shape.members[name], tags)
    return found


def spelt(shape: Shape, tags: Mapping[str, str]) -> Any:
    """Tags as a map, or as a list of pairs."""
    if shape.type_name == "map":
        return dict(tags)
    key, value = sorted(shape.member.members, key=lambda m: "value" in m.lower())
    return [{key: k, value: v} for k, v in tags.items()]
