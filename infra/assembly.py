"""The whole application as a cloud assembly: stacks synthesized once, placed into every environment.

The CDK's validation at synthesis is off: it costs two seconds each time, and `make check` runs cfn-lint instead.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from infra.images import Images
from infra.manifest import Group, Placement, rewrite
from infra.parameters import Environment
from infra.parameters import Tooling as ToolingTable
from infra.stacks.load_balancer import LoadBalancer
from infra.stacks.network import Network
from infra.stacks.parameters import Parameters, image_name
from infra.stacks.tooling import Tooling
from infra.stacks.umbrella import Umbrella
from infra.stacks.values import PAYROLL
from infra.stacks.web import Web

APPLICATION = "Payroll"
TIERS = ("web",)
SHARED_STACKS = (Network, LoadBalancer, Web, Umbrella)
"""Their templates are the same bytes in every environment."""

FEATURE_FLAGS = json.loads((Path(__file__).resolve().parent / "feature_flags.json").read_text("utf-8"))
"""The recommended flags of the pinned aws-cdk-lib (its `recommended-feature-flags.json`), as `cdk init` gives them."""

CONTEXT = FEATURE_FLAGS | {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:version-reporting": False,
    "aws:cdk:disable-creation-stack-traces": True,
    "@aws-cdk/core:enableAdditionalMetadataCollection": False,
}
"""Here and not in cdk.json, which only the CLI reads: tests and `python app.py` get the same bytes."""


def synthesize(environments: Sequence[Environment], images: Images, images_file: Path, folder: Path) -> Path:
    """Write the cloud assembly of all environments into `folder` and return it.

    `images_file` is only named in the message about a tier that has no image.
    """
    app = cdk.App(
        outdir=str(folder),
        post_cli_context=CONTEXT,
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
    )
    groups = []
    for environment in environments:
        ids = {tier: image_id for tier in TIERS if (image_id := images.image_id(tier, environment.region))}
        Parameters(app, f"Parameters-{environment.name}", environment=environment, image_ids=ids)
        groups.append(_environment(environment, [tier for tier in TIERS if tier not in ids], images_file))
    for stack in SHARED_STACKS:
        stack(app, stack.__name__)
    groups += [_tooling(app, home, home.tooling, environments) for home in environments if home.tooling]
    app.synth()
    rewrite(folder, groups)
    return folder


def _environment(environment: Environment, unbaked: Sequence[str], images_file: Path) -> Group:
    base = f"{APPLICATION}-{environment.name}"

    def place(source: str, suffix: str, errors: tuple[str, ...] = ()) -> Placement:
        return Placement(
            source=source,
            name=f"{base}-{suffix}" if suffix else base,
            display_name=f"{base}/{suffix}" if suffix else base,
            account=environment.account,
            region=environment.region,
            protected=environment.protected,
            tags={"kiln:application": APPLICATION, "kiln:environment": environment.name},
            errors=errors,
        )

    errors = tuple(_no_image(tier, environment.region, images_file) for tier in unbaked)
    shared = (place(s.__name__, "" if s is Umbrella else s.__name__) for s in SHARED_STACKS)
    return Group(
        placements=(place(f"Parameters-{environment.name}", "Parameters", errors), *shared),
        umbrella=base,
        withheld={PAYROLL.path(image_name(tier)): f"{base}-Parameters" for tier in unbaked},
    )


def _no_image(tier: str, region: str, images_file: Path) -> str:
    here = Path.cwd()
    file = images_file.relative_to(here) if images_file.is_relative_to(here) else images_file
    state = "names none" if images_file.exists() else "does not exist yet"
    return f"the tier {tier} has no image in {region}: {file} {state}. Run: python -m bake {tier}"


def _tooling(app: cdk.App, home: Environment, tooling: ToolingTable, environments: Sequence[Environment]) -> Group:
    accounts = sorted(e.account for e in environments if e.account != home.account)
    Tooling(app, "Tooling", home=home, cidr=tooling.cidr, account_ids=accounts)
    name = f"{APPLICATION}-Tooling"
    place = Placement(
        "Tooling", name, name, home.account, home.region, home.protected, {"kiln:application": APPLICATION}
    )
    return Group(placements=(place,))
