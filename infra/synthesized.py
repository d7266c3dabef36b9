"""The synthesized application as plain data: which stack goes where, with which template.

For whoever looks at templates instead of deploying them: the lock, the contracts, the policies, the cost. Images are
placeholders here, so that what is found does not depend on what has been baked.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.images import Images
from infra.parameters import Environment, load_all

Json = dict[str, Any]

STACK = "aws:cloudformation:stack"
PLACEHOLDER_IMAGE = "ami-0123456789abcdef0"


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack in one place.

    Args:
        name: `Payroll-Stage-Web`.
        source: the name of its template; the same for every environment but for `Parameters-<Environment>`.
        environment: its name, or "" where the stack belongs to none.
        account: where it goes.
        region: where it goes.
        template: the whole template.
    """

    name: str
    source: str
    environment: str
    account: str
    region: str
    template: Json

    def resources(self, *types: str) -> Iterator[tuple[str, Json]]:
        """Logical id and resource of these types, or of all."""
        for logical_id, resource in self.template.get("Resources", {}).items():
            if not types or resource["Type"] in types:
                yield logical_id, resource


def read(folder: Path) -> tuple[Stack, ...]:
    """All stacks of the cloud assembly in `folder`."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"].values()
    placed = [artifact for artifact in artifacts if artifact["type"] == STACK]
    files = {artifact["properties"]["templateFile"] for artifact in placed}
    templates = {file: json.loads((folder / file).read_text()) for file in files}  # once, for all environments
    return tuple(_stack(artifact, templates) for artifact in placed)


def _stack(artifact: Json, templates: Mapping[str, Json]) -> Stack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    file = properties["templateFile"]
    return Stack(
        name=properties["stackName"],
        source=file.removesuffix(".template.json"),
        environment=properties["tags"].get("kiln:environment", ""),
        account=account,
        region=region,
        template=templates[file],
    )


def by_account(stacks: Iterable[Stack]) -> dict[str, list[Stack]]:
    """The stacks of each account and region, by the name of the environment there; Tooling goes with its neighbour."""
    places: dict[tuple[str, str], list[Stack]] = {}
    for stack in stacks:
        places.setdefault((stack.account, stack.region), []).append(stack)
    return {next((s.environment for s in of if s.environment), of[0].name): of for of in places.values()}


def synthesize(environments: tuple[Environment, ...] | None = None) -> tuple[Stack, ...]:
    """Synthesize the tracked files anew, with placeholders for the images. Imports the CDK: about two seconds."""
    from infra import assembly

    known = environments or load_all()
    regions = {environment.region for environment in known}
    image = {"digest": f"sha256:{'0' * 64}", "image_ids": dict.fromkeys(regions, PLACEHOLDER_IMAGE)}
    images = Images.model_validate({assembly.recipe_of(machine): image for machine in assembly.MACHINES})
    with tempfile.TemporaryDirectory(prefix="kiln-synthesized-") as folder:
        out = Path(folder) / "cdk.out"
        return read(assembly.synthesize(known, images, Path(folder) / "images.toml", out))
