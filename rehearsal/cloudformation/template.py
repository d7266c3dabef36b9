"""The text of a template, JSON or YAML, and what its sections are. Whatever is not emulated is refused here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from rehearsal.cloudformation.errors import invalid

Json = Mapping[str, Any]
SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Resources",
        "Outputs",
    ]
)
RESOURCE_KEYS = frozenset(
    [
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "UpdatePolicy",
    ]
)
POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate"})
# Types whose data a snapshot keeps; where the template says nothing, their deletion leaves one.
WITH_SNAPSHOTS = frozenset({"AWS::RDS::DBCluster"})


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; `text` is what GetTemplate gives back."""

    text: str
    body: Json

    def section(self, name: str) -> Json:
        found: Json = self.body.get(name) or {}
        return found

    @property
    def resources(self) -> Json:
        return self.section("Resources")

    @property
    def parameters(self) -> Json:
        return self.section("Parameters")

    @property
    def outputs(self) -> Json:
        return self.section("Outputs")

    @property
    def description(self) -> str | None:
        return self.body.get("Description")


NOTHING = Template("", {"Resources": {}})


class _Loader(yaml.SafeLoader):
    """No dates, and only true and false as booleans: a condition may be called On."""


_Loader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if "timestamp" not in r[0] and not ("bool" in r[0] and first in "yYnNoO")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """!Ref x, !GetAtt a.b, !Sub … → their long form."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def parse(text: str) -> Template:
    """The template of a text. Raises AwsError for what is no template, and for what is not emulated."""
    try:
        # The loader is a SafeLoader.
        body = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)
    except (ValueError, yaml.YAMLError) as error:
        raise invalid(f"Template format error: {str(error).splitlines()[0]}") from error
    if not isinstance(body, dict) or not isinstance(body.get("Resources"), dict) or not body["Resources"]:
        raise invalid("Template format error: At least one Resources member must be defined.")
    if body.get("Transform"):
        raise invalid(f"Transform {body['Transform']} is not emulated")
    if extra := sorted(set(body) - SECTIONS - {"Transform"}):
        raise invalid(f"Invalid template property or properties [{', '.join(extra)}]")
    template = Template(text, body)
    for name, resource in template.resources.items():
        _check_resource(template, name, resource)
    return template


def _check_resource(template: Template, name: str, resource: Any) -> None:
    where = f"Template format error: [/Resources/{name}]"
    if not isinstance(resource, dict) or "Type" not in resource:
        raise invalid(f"{where} Every Resources object must contain a Type member.")
    if "CreationPolicy" in resource:
        raise invalid(f"{where} CreationPolicy is not emulated: a group is complete when its instances serve")
    if extra := sorted(set(resource) - RESOURCE_KEYS):
        raise invalid(f"{where} Encountered unsupported property {', '.join(extra)}")
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        known = POLICIES | {"Snapshot"} if resource["Type"] in WITH_SNAPSHOTS else POLICIES
        if resource.get(key, "Delete") not in known:
            raise invalid(f"{where} {key} {resource[key]} is not emulated (emulated: {', '.join(sorted(known))})")
    if "Condition" in resource and resource["Condition"] not in template.section("Conditions"):
        raise invalid(f"{where} Template error: unresolved condition dependency {resource['Condition']}")
