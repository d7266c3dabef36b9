"""One set of templates, six environments: the cloud assembly's manifest, rewritten as plain data.

The CDK writes one artifact per stack, without account and region. Here every environment gets artifacts of its own over
the same template files: where they go, what they are called, in which order. The CLI then treats them as any others.

The order is written nowhere. A stack depends on those that write the SSM names it reads; a name that nobody writes
fails the synthesis.
"""

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.errors import BadInput

Json = dict[str, Any]

STACK = "aws:cloudformation:stack"
ASSETS = "cdk:asset-manifest"


@dataclass(frozen=True, slots=True)
class Placement:
    """One stack in one place.

    Args:
        source: the artifact that the synthesis gave.
        name: the CloudFormation name, `Payroll-Stage-Web`; also the id of the artifact.
        display_name: what people type, `Payroll-Stage/Web`.
        account: account id.
        region: region.
        protected: CloudFormation refuses to delete the stack.
        tags: of the stack and, through CloudFormation, of all in it.
        errors: what forbids a deployment; the CLI refuses the stack and shows them.
    """

    source: str
    name: str
    display_name: str
    account: str
    region: str
    protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Stacks that are deployed together, in one account and region.

    Args:
        placements: all of them.
        umbrella: the name of the one that depends on all others, if there is one.
        withheld: SSM name → name of the stack that would write it if it could (`Placement.errors` says why not).
    """

    placements: tuple[Placement, ...]
    umbrella: str | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)


def rewrite(folder: Path, groups: Iterable[Group]) -> None:
    """Replace the stacks of the assembly in `folder` by those of the groups."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    given = manifest["artifacts"]
    artifacts = {name: artifact for name, artifact in given.items() if artifact["type"] not in (STACK, ASSETS)}
    for group in groups:
        templates = {
            p.name: json.loads((folder / given[p.source]["properties"]["templateFile"]).read_text())
            for p in group.placements
        }
        needs = dependencies(templates, group)
        for placement in group.placements:
            assets = f"{placement.name}.assets"
            source = given[f"{placement.source}.assets"]
            content = json.loads((folder / source["properties"]["file"]).read_text())
            (folder / f"{assets}.json").write_text(_text(placed_assets(content, placement)))
            artifacts[assets] = _assets_artifact(source, f"{assets}.json")
            artifacts[placement.name] = placed_stack(given[placement.source], placement, needs[placement.name])
    _remove(folder, (a["properties"]["file"] for a in given.values() if a["type"] == ASSETS))
    path.write_text(_text(manifest | {"artifacts": artifacts}))


def dependencies(templates: Mapping[str, Json], group: Group) -> dict[str, tuple[str, ...]]:
    """Stack → the stacks it needs, in the order of the group; the umbrella needs all others."""
    writer = dict(group.withheld)
    for name, template in templates.items():
        for written in _written(template):
            if writer.setdefault(written, name) != name:
                raise BadInput(f"{writer[written]} and {name} both write {written}", expected="one writer per value")
    needs: dict[str, tuple[str, ...]] = {}
    for name, template in templates.items():
        read = _read(template)
        if unknown := sorted(read - writer.keys()):
            raise BadInput(f"{name} reads what no stack writes", found=", ".join(unknown))
        wanted = set(templates) if name == group.umbrella else {writer[value] for value in read}
        needs[name] = tuple(other for other in templates if other in wanted and other != name)
    return needs


def placed_stack(artifact: Json, placement: Placement, needs: Iterable[str]) -> Json:
    """The artifact of a stack in its place; the given one stays as it is."""
    assets = f"{placement.name}.assets"
    placed = copy.deepcopy(artifact)
    placed["environment"] = f"aws://{placement.account}/{placement.region}"
    placed["displayName"] = placement.display_name
    placed["dependencies"] = [*needs, assets]
    placed["properties"] |= {
        "stackName": placement.name,
        "terminationProtection": placement.protected,
        "tags": dict(placement.tags),
        "additionalDependencies": [assets],
    }
    if placement.errors:
        entries = [{"type": "aws:cdk:error", "data": error} for error in placement.errors]
        placed.setdefault("metadata", {})[f"/{placement.display_name}"] = entries
    return placed


def placed_assets(content: Json, placement: Placement) -> Json:
    """The asset manifest with account and region filled in.

    The CLI fills a placeholder in with the account of its own credentials, which is the wrong bucket for every
    environment but one, and publishes equal destinations only once.
    """
    text = json.dumps(content)
    text = text.replace("${AWS::AccountId}", placement.account).replace("${AWS::Region}", placement.region)
    placed: Json = json.loads(text)
    for asset in placed["files"].values():
        for destination in asset["destinations"].values():
            destination["region"] = placement.region
    return placed


def _assets_artifact(artifact: Json, file: str) -> Json:
    placed = copy.deepcopy(artifact)
    placed["properties"]["file"] = file
    return placed


def _written(template: Json) -> set[str]:
    return {
        resource["Properties"]["Name"]
        for resource in template.get("Resources", {}).values()
        if resource["Type"] == "AWS::SSM::Parameter"
    }


def _read(template: Json) -> set[str]:
    """The names of shared values that a template reads; those of CDK's own bootstrap are not among them."""
    return {
        parameter["Default"]
        for parameter in template.get("Parameters", {}).values()
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value<")
        and not parameter["Default"].startswith("/cdk-bootstrap/")
    }


def _remove(folder: Path, files: Iterable[str]) -> None:
    """Asset manifests without a place: nothing refers to them any more."""
    for file in files:
        (folder / file).unlink()


def _text(value: Json) -> str:
    return json.dumps(value, indent=1) + "\n"
