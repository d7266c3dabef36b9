"""An environment: templates that are deployed together, as plain data, with every value that can be known."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kiln.promises.values import Json, Resolver, as_text, mark

EXEMPTIONS = "kiln:exceptions"
"""The key in a resource's metadata under which its exemptions stand: a list of `promise`, `reason`, `expires`."""


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource as it will be deployed.

    Args:
        stack: the name of its stack in the environment.
        logical_id: its name in the template.
        body: the whole of it, with every intrinsic function resolved (see `values`).
    """

    stack: str
    logical_id: str
    body: Json

    @property
    def type(self) -> str:
        """`AWS::S3::Bucket`."""
        return str(self.body["Type"])

    @property
    def properties(self) -> Json:
        """Its properties; none are an empty dictionary."""
        return self.body.get("Properties", {})

    @property
    def path(self) -> str:
        """Where it is in the code, `Shop/Bucket/Resource`; the logical id where the CDK has not noted it."""
        return str(self.body.get("Metadata", {}).get("aws:cdk:path", f"{self.stack}/{self.logical_id}"))

    @property
    def exemptions(self) -> list[dict[str, Any]]:
        """What `kiln.exemption.exempt` has written."""
        return list(self.body.get("Metadata", {}).get(EXEMPTIONS, []))

    def is_in(self, value: Json) -> bool:
        """Whether a value refers to this resource or to one of its attributes."""
        text, start = as_text(value), mark(self.stack, self.logical_id)[:-1]
        return f"{start}⟩" in text or f"{start}." in text


@dataclass(frozen=True, eq=False)
class Environment:
    """Templates that are deployed together in one account and region.

    Args:
        name: for people.
        resources: by type; those whose condition is false are not among them.
        protected: whether what holds people's data must survive a mistake; some promises ask it of such ones only.
        complete: the values of all parameters are here, so that what cannot be decided is a breach.
        whole: these are all stacks of the account, so that what must exist must be here.
    """

    name: str
    resources: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    protected: bool = True
    complete: bool = False
    whole: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        templates: Mapping[str, Json],
        *,
        protected: bool = True,
        complete: bool = False,
        whole: bool = False,
    ) -> "Environment":
        """The environment of these templates, by the names of their stacks."""
        resolvers = Resolver.among(templates)
        found: dict[str, list[Resource]] = {}
        for stack, template in templates.items():
            resolver = resolvers[stack]
            for logical_id, raw in template.get("Resources", {}).items():
                if "Condition" in raw and resolver.condition(raw["Condition"]) is False:
                    continue
                metadata = {"Metadata": raw["Metadata"]} if "Metadata" in raw else {}
                resolved = resolver.value({key: part for key, part in raw.items() if key != "Metadata"})
                found.setdefault(raw["Type"], []).append(Resource(stack, logical_id, resolved | metadata))
        by_type = {kind: tuple(resources) for kind, resources in found.items()}
        return cls(name, by_type, protected, complete, whole)

    def of_type(self, kind: str) -> tuple[Resource, ...]:
        """All resources of a type; a type that ends with `*` is a beginning."""
        if kind.endswith("*"):
            return tuple(r for name, of in self.resources.items() if name.startswith(kind[:-1]) for r in of)
        return self.resources.get(kind, ())

    def __iter__(self) -> Iterator[Resource]:
        return (resource for resources in self.resources.values() for resource in resources)

    def changed(self, changes: Iterable[tuple[Resource, Json | None]]) -> "Environment":
        """This environment with other bodies for some resources; with None a resource is gone."""
        resources = dict(self.resources)
        for old, body in changes:
            resources[old.type] = tuple(one for one in resources[old.type] if one is not old)
            if body is not None:
                new = replace(old, body=body)
                resources[new.type] = (*resources.get(new.type, ()), new)
        return replace(self, resources=resources)


def unknown_exemptions(environment: Environment, promises: Collection[str]) -> Iterator[tuple[Resource, str]]:
    """Resources that are exempted from what no promise is called."""
    for resource in environment:
        for entry in resource.exemptions:
            if entry["promise"] not in promises:
                yield resource, entry["promise"]
