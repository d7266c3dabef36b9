"""Who mentions whom: the graph of dependencies between the resources of a template."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rehearsal.cloudformation.errors import invalid
from rehearsal.cloudformation.template import Json, Template

SUB = re.compile(r"\$\{(!?)([^}]+)\}")
Graph = dict[str, set[str]]


def references(node: Any) -> Iterator[str]:
    """Every logical id (resource, parameter or pseudo parameter) that a piece of template mentions."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _of_function(key, value)


def _of_function(key: str, value: Any) -> Iterator[str]:
    if key == "Ref" and isinstance(value, str):
        yield value
    elif key == "Fn::GetAtt":
        yield value[0] if isinstance(value, list) else value.split(".")[0]
    elif key == "Fn::Sub":
        text, names = value if isinstance(value, list) else (value, {})
        mentioned = (m[2].strip().split(".")[0] for m in SUB.finditer(text) if not m[1])
        yield from (name for name in mentioned if name not in names)
        yield from references(names)
    else:
        yield from references(value)


def needs(resource: Json) -> set[str]:
    """The names that one resource mentions, in its properties, in UpdatePolicy or in DependsOn."""
    explicit = resource.get("DependsOn", [])
    return {
        *([explicit] if isinstance(explicit, str) else explicit),
        *references(resource.get("Properties", {})),
        *references(resource.get("UpdatePolicy", {})),
    }


def dependencies(resources: Mapping[str, Json], names: Iterable[str]) -> Graph:
    """Logical id → those that must exist before it; `names`: the resources that take part. Raises on a circle."""
    taking_part = set(names)
    graph = {name: (needs(resources[name]) & taking_part) - {name} for name in taking_part}
    order(graph)
    return graph


def order(graph: Graph) -> list[str]:
    """The nodes, each after those it needs. Raises AwsError for a circle."""
    done: list[str] = []
    while len(done) < len(graph):
        ready = sorted(n for n in graph if n not in done and graph[n] <= set(done))
        if not ready:
            circle = ", ".join(sorted(set(graph) - set(done)))
            raise invalid(f"Circular dependency between resources: [{circle}]")
        done += ready
    return done


def check_references(template: Template) -> None:
    """Raises AwsError where a resource or an output mentions a name that the template does not have."""
    known = {*template.resources, *template.parameters}
    for resource in template.resources.values():
        _check(needs(resource), known, "Resources")
    for output in template.outputs.values():
        _check(set(references(output)), known, "Outputs")


def _check(mentioned: set[str], known: set[str], block: str) -> None:
    if lost := sorted(n for n in mentioned if n not in known and not n.startswith("AWS::")):
        names = ", ".join(lost)
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template"
        )
