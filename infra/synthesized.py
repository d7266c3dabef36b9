"""The synthesized application as plain data: which stack goes where, with which template.

For whoever looks at templates instead of deploying them: the lock, the contracts, the policies, the cost. Images are
placeholders here, so that what is found does not depend on what has been baked.
"""

import json
import tempfile
from collections.abc import Iterator
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
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    return tuple(_stack(folder, name, artifact) for name, artifact in artifacts.items() if artifact["type"] == STACK)


def _stack(folder: Path, name: str, artifact: Json) -> Stack:
    properties = artifact["properties"]
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    file = properties["templateFile"]
    return Stack(
        name=properties["stackName"],
        source=file.removesuffix(".template.json"),
        environment=properties["tags"].get("kiln:environment", ""),
        account=account,
        region=region,
        template=json.loads((folder / file).read_text()),
    )


def synthesize(environments: tuple[Environment, ...] | None = None) -> tuple[Stack, ...]:
    """Synthesize the tracked files anew, with a placeholder for the image. Imports the CDK: about two seconds."""
    from infra import assembly

    known = environments or load_all()
    regions = {environment.region for environment in known}
    image = {"digest": f"sha256:{'0' * 64}", "image_ids": dict.fromkeys(regions, PLACEHOLDER_IMAGE)}
    images = Images.model_validate({assembly.WEB: image})
    with tempfile.TemporaryDirectory(prefix="kiln-synthesized-") as folder:
        out = Path(folder) / "cdk.out"
        return read(assembly.synthesize(known, images, Path(folder) / "images.toml", out))
