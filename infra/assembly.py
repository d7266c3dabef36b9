"""The whole application as a cloud assembly: stacks synthesized once, placed into every environment.

The CDK's validation at synthesis is off: it costs two seconds each time, and `make check` runs cfn-lint instead.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk

from console.errors import BadInput
from infra import exceptions
from infra.images import Images
from infra.manifest import Group, Placement, rewrite
from infra.parameters import Environment
from infra.parameters.resources import Tooling as ToolingTable
from infra.permissions import BOUNDARY
from infra.promises import hold
from infra.stacks.account import Account
from infra.stacks.backup import Backup
from infra.stacks.bastion import Bastion
from infra.stacks.broker import Broker
from infra.stacks.budget import Budget
from infra.stacks.cdn import Cdn
from infra.stacks.config import Config
from infra.stacks.container import Container
from infra.stacks.database import Database
from infra.stacks.dns import Dns
from infra.stacks.function import Function
from infra.stacks.image_copies import ImageCopies
from infra.stacks.keys import Keys
from infra.stacks.load_balancer import LoadBalancer
from infra.stacks.monitoring import Monitoring
from infra.stacks.network import Network
from infra.stacks.notifications import Notifications
from infra.stacks.operations import Operations
from infra.stacks.parameters import Parameters, image_name
from infra.stacks.table import Table
from infra.stacks.threat_detection import ThreatDetection
from infra.stacks.tooling import Tooling
from infra.stacks.trail import Trail
from infra.stacks.umbrella import Umbrella
from infra.stacks.values import PAYROLL
from infra.stacks.vault import Vault
from infra.stacks.web import Web
from infra.stacks.worker import Worker
from infra.stacks.worker_calculation import WorkerCalculation
from infra.stacks.worker_mq import WorkerMQ
from infra.synthesized import read
from kiln.refusal import WrongProperty

APPLICATION = "Payroll"
MACHINES = ("web", "worker", "worker-mq", "worker-calculation", "bastion")
"""What runs an image."""
OTHER_RECIPES = {"bastion": "web"}
"""Machine → the recipe of its image, where it has none of its own."""

ALWAYS = ""

SHARED_STACKS: Mapping[type[cdk.Stack], str] = {
    Keys: ALWAYS,
    Account: ALWAYS,
    Notifications: ALWAYS,
    Trail: ALWAYS,
    Config: ALWAYS,
    ThreatDetection: ALWAYS,
    Budget: ALWAYS,
    Operations: "operations",
    Network: "network",
    Dns: "dns",
    LoadBalancer: "load_balancer",
    Database: "database",
    Broker: "broker",
    Table: "table",
    Backup: "backup",
    Vault: "vault",
    Web: "web",
    Worker: "worker",
    WorkerMQ: "worker_mq",
    WorkerCalculation: "worker_calculation",
    Container: "container",
    Function: "function",
    Monitoring: "web",
    Cdn: "cdn",
    Bastion: "bastion",
    Umbrella: ALWAYS,
}
"""Stack → the table of the parameter file that an environment must have for it. Their templates are the same bytes in
every environment; in which order they are deployed follows from what they read."""

FEATURE_FLAGS = json.loads((Path(__file__).resolve().parent / "feature_flags.json").read_text("utf-8"))
"""The recommended flags of the pinned aws-cdk-lib (its `recommended-feature-flags.json`), as `cdk init` gives them."""

CONTEXT = FEATURE_FLAGS | {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:version-reporting": False,
    "aws:cdk:disable-creation-stack-traces": True,
    "@aws-cdk/core:enableAdditionalMetadataCollection": False,
    "@aws-cdk/core:permissionsBoundary": {"name": BOUNDARY},
}
"""Here and not in cdk.json, which only the CLI reads: tests and `python app.py` get the same bytes."""


def synthesize(
    environments: Sequence[Environment], images: Images, images_file: Path, folder: Path, release: str = ""
) -> Path:
    """Write the cloud assembly of all environments into `folder` and return it.

    `images_file` is only named in the message about a tier that has no image; `release` becomes a tag of every stack.
    """
    app = cdk.App(
        outdir=str(folder),
        post_cli_context=CONTEXT,
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
    )
    try:
        groups = _stacks(app, environments, images, images_file, release)
    except WrongProperty as wrong:
        raise BadInput(
            "a construct refuses a property",
            where=f"{wrong.path}: {wrong.name}",
            found=repr(wrong.found),
            expected=wrong.expected,
        ) from wrong
    app.synth()
    rewrite(folder, groups)
    hold(read(folder), environments, exceptions.load())
    return folder


def _stacks(
    app: cdk.App, environments: Sequence[Environment], images: Images, images_file: Path, release: str
) -> list[Group]:
    groups = []
    for environment in environments:
        image_ids = _image_ids(environment, images)
        Parameters(
            app,
            f"Parameters-{environment.name}",
            environment=environment,
            environments=environments,
            image_ids=image_ids,
        )
        groups.append(_environment(environment, image_ids, images_file, release))
    for stack in SHARED_STACKS:
        stack(app, stack.__name__)
    groups += [_tooling(app, home, home.tooling, environments) for home in environments if home.tooling]
    return groups


def stacks_of(environment: Environment) -> tuple[type[cdk.Stack], ...]:
    """The shared stacks that this environment has."""
    return tuple(s for s, table in SHARED_STACKS.items() if table == ALWAYS or getattr(environment, table) is not None)


def machines_of(environment: Environment) -> tuple[str, ...]:
    """What runs an image in this environment."""
    return tuple(name for name in MACHINES if getattr(environment, name.replace("-", "_")) is not None)


def _image_ids(environment: Environment, images: Images) -> dict[str, str]:
    """Machine → image id; a machine whose image is not baked yet is left out."""
    found = {name: images.image_id(recipe_of(name), environment.region) for name in machines_of(environment)}
    return {name: image_id for name, image_id in found.items() if image_id}


def recipe_of(machine: str) -> str:
    """The recipe of the image that a machine runs."""
    return OTHER_RECIPES.get(machine, machine)


def _tags(environment: Environment, release: str, tier: str = "") -> dict[str, str]:
    """The tags of a stack, and through CloudFormation of everything in it."""
    tags = {
        "kiln:application": APPLICATION,
        "kiln:environment": environment.name,
        "kiln:cost-centre": environment.cost_centre,
        "kiln:tier": tier,
        "kiln:release": release,
    }
    return {key: value for key, value in tags.items() if value}


def _environment(environment: Environment, image_ids: Mapping[str, str], images_file: Path, release: str) -> Group:
    base = f"{APPLICATION}-{environment.name}"

    def place(source: str, suffix: str, tier: str = "", errors: tuple[str, ...] = ()) -> Placement:
        return Placement(
            source=source,
            name=f"{base}-{suffix}" if suffix else base,
            display_name=f"{base}/{suffix}" if suffix else base,
            account=environment.account,
            region=environment.region,
            protected=environment.protected,
            tags=_tags(environment, release, tier),
            errors=errors,
        )

    unbaked = [name for name in machines_of(environment) if name not in image_ids]
    missing = dict.fromkeys(map(recipe_of, unbaked))
    errors = tuple(_no_image(recipe, environment.region, images_file) for recipe in missing)
    shared = (place(s.__name__, "" if s is Umbrella else s.__name__, _tier_of(s)) for s in stacks_of(environment))
    return Group(
        placements=(place(f"Parameters-{environment.name}", "Parameters", errors=errors), *shared),
        umbrella=base,
        withheld={PAYROLL.path(image_name(name)): f"{base}-Parameters" for name in unbaked},
    )


def _tier_of(stack: type[cdk.Stack]) -> str:
    """The tier that a stack is for, or nothing."""
    name = SHARED_STACKS[stack].replace("_", "-")
    is_its_own = stack.__name__.lower() == name.replace("-", "")  # others need its table as well
    return name if name in MACHINES and is_its_own else ""


def _no_image(tier: str, region: str, images_file: Path) -> str:
    here = Path.cwd()
    file = images_file.relative_to(here) if images_file.is_relative_to(here) else images_file
    state = "names none" if images_file.exists() else "does not exist yet"
    return f"the tier {tier} has no image in {region}: {file} {state}. Run: python -m bake {tier}"


def _tooling(app: cdk.App, home: Environment, tooling: ToolingTable, environments: Sequence[Environment]) -> Group:
    accounts = sorted(e.account for e in environments if e.account != home.account)
    Tooling(app, "Tooling", home=home, tooling=tooling, account_ids=accounts)
    name = f"{APPLICATION}-Tooling"
    place = Placement(
        "Tooling", name, name, home.account, home.region, home.protected, {"kiln:application": APPLICATION}
    )
    copies = (_image_copies(app, home, tooling, region, accounts) for region in tooling.copy_regions)
    return Group(placements=(place, *copies))


def _image_copies(
    app: cdk.App, home: Environment, tooling: ToolingTable, region: str, account_ids: Sequence[str]
) -> Placement:
    source, name = f"ImageCopies-{region}", f"{APPLICATION}-ImageCopies-{region}"
    organizations = tooling.organizations
    ImageCopies(app, source, home=home, region=region, account_ids=account_ids, organizations=organizations)
    return Placement(source, name, name, home.account, region, home.protected, {"kiln:application": APPLICATION})
