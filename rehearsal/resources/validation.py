"""Properties against the provider schema, in CloudFormation's words, before any service is called.

Checked: unknown and missing properties, structure against scalar, enumerations, patterns, lengths, ranges, sizes, and
which properties need or exclude each other. Not checked: anyOf, oneOf, allOf (the services refuse those themselves).
CloudFormation takes "5" for 5 and "true" for true, so scalars are compared as text or numbers, never by JSON type.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from provider_schemas import UPDATE_POLICIES, Json, ProviderSchema, update_policies
from rehearsal.resources.errors import ResourceFailed

MAX_DEPTH = 12  # some schemas are recursive (WAF statements)


def validate(schema: ProviderSchema | None, properties: Json) -> None:
    """Raises ResourceFailed with every problem at once."""
    if schema is None:
        return
    problems = list(_problems(schema.body, schema.body, properties, "#", 0))
    problems += [
        f"#: {name} is read-only and cannot be set"
        for name in properties
        if schema.is_read_only(name) and name not in schema.required
    ]
    if problems:
        text = "; ".join(problems)
        raise ResourceFailed(f"Properties validation failed for resource with message: {text}")


def validate_update_policy(type_name: str, policy: Json) -> None:
    """Raises ResourceFailed with every problem at once; a type without update policies may not have one."""
    if not policy:
        return
    if type_name not in UPDATE_POLICIES:
        raise ResourceFailed(f"UpdatePolicy of {type_name} is not emulated")
    root = update_policies()
    node = root["definitions"][UPDATE_POLICIES[type_name]]
    problems = list(_problems(root, node, policy, "#/UpdatePolicy", 0))
    if problems:
        raise ResourceFailed(f"UpdatePolicy of {type_name}: {'; '.join(problems)}")


def _problems(root: Json, node: Json, value: Any, path: str, depth: int) -> Iterator[str]:
    node = _resolved(root, node)
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        yield from _of_structure(root, node, value, path, depth)
    elif isinstance(value, list):
        yield from _of_list(root, node, value, path, depth)
    else:
        yield from _of_scalar(node, value, path)


def _resolved(root: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _types(node: Json) -> set[str]:
    declared = node.get("type", ())
    return {declared} if isinstance(declared, str) else set(declared)


def _of_structure(root: Json, node: Json, value: Json, path: str, depth: int) -> Iterator[str]:
    if _types(node) and not _types(node) & {
        "object",
        "string",
    }:  # a policy document may be given for its text
        yield f"{path}: expected type: {_expected(node)}, found: JSONObject"
        return
    known = node.get("properties")
    if not isinstance(known, Mapping):
        return
    for name, item in value.items():
        if name in known:
            yield from _problems(root, known[name], item, f"{path}/{name}", depth + 1)
        elif node.get("additionalProperties") is False and not node.get("patternProperties"):
            yield f"{path}: extraneous key [{name}] is not permitted"
    for name in node.get("required", ()):
        if name not in value:
            yield f"{path}: required key [{name}] not found"
    yield from _of_combination(node, value, path)


def _of_combination(node: Json, value: Json, path: str) -> Iterator[str]:
    for names in _groups(node.get("requiredXor")):
        if sum(n in value for n in names) != 1:
            yield f"{path}: exactly one of [{', '.join(names)}] is required"
    for names in _groups(node.get("requiredOr")):
        if not any(n in value for n in names):
            yield f"{path}: at least one of [{', '.join(names)}] is required"
    for name, others in node.get("dependentRequired", {}).items():
        if name in value:
            yield from (f"{path}: [{name}] also needs [{o}]" for o in others if o not in value)
    for name, others in node.get("dependentExcluded", {}).items():
        if name in value:
            yield from (f"{path}: [{name}] cannot be used together with [{o}]" for o in others if o in value)


def _groups(found: Any) -> list[list[str]]:
    if not found:
        return []
    return found if isinstance(found[0], list) else [found]


def _of_list(root: Json, node: Json, value: list[Any], path: str, depth: int) -> Iterator[str]:
    if _types(node) and "array" not in _types(node):
        yield f"{path}: expected type: {_expected(node)}, found: JSONArray"
        return
    if len(value) < node.get("minItems", 0):
        yield f"{path}: expected minimum item count: {node['minItems']}, found: {len(value)}"
    if len(value) > node.get("maxItems", len(value)):
        yield f"{path}: expected maximum item count: {node['maxItems']}, found: {len(value)}"
    if isinstance(node.get("items"), Mapping):
        for number, item in enumerate(value):
            yield from _problems(root, node["items"], item, f"{path}/{number}", depth + 1)


def _of_scalar(node: Json, value: Any, path: str) -> Iterator[str]:
    types = _types(node)
    if types and types <= {"object", "array"}:
        is_document = isinstance(value, str) and "object" in types and "properties" not in node
        if not is_document:  # a policy document may be given as text
            yield f"{path}: expected type: {_expected(node)}, found: {type(value).__name__}"
        return
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "enum" in node and text not in {str(v).lower() if isinstance(v, bool) else str(v) for v in node["enum"]}:
        yield f"{path}: {text} is not a valid enum value (one of {', '.join(map(str, node['enum'][:20]))})"
    if types and types <= {"integer", "number"}:
        yield from _of_number(node, text, path, whole=types == {"integer"})
    elif types == {"boolean"}:
        if text.lower() not in ("true", "false"):
            yield f"{path}: expected type: Boolean, found: {text}"
    elif types == {"string"}:
        yield from _of_text(node, text, path)


def _of_number(node: Json, text: str, path: str, whole: bool) -> Iterator[str]:
    if not re.fullmatch(r"-?\d+" if whole else r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        yield f"{path}: expected type: {_expected(node)}, found: {text}"
    elif float(text) < node.get("minimum", float("-inf")):
        yield f"{path}: {text} is not greater or equal to {node['minimum']}"
    elif float(text) > node.get("maximum", float("inf")):
        yield f"{path}: {text} is not less or equal to {node['maximum']}"


def _of_text(node: Json, text: str, path: str) -> Iterator[str]:
    if len(text) < node.get("minLength", 0):
        yield f"{path}: expected minLength: {node['minLength']}, actual: {len(text)}"
    if len(text) > node.get("maxLength", len(text)):
        yield f"{path}: expected maxLength: {node['maxLength']}, actual: {len(text)}"
    if "pattern" in node and not _matches(node["pattern"], text):
        yield f"{path}: string [{text}] does not match pattern {node['pattern']}"


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # written for another dialect, e.g. \p{L}: the service decides
        return True


def _expected(node: Json) -> str:
    return "/".join(sorted(t.capitalize() for t in _types(node)))
