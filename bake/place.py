"""Where images are baked and for whom: the account and region that hold Tooling, and what its stack put there.

The account comes from the parameter files, the rest from SSM parameters that the stack Payroll-Tooling writes.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from bake.application import APPLICATION as APPLICATION  # for those who know it from here
from bake.recipe import FILE, Layer, Recipe, show
from console.aws import Aws, Unreachable, errors
from console.errors import BadInput, KilnError, NotReady
from infra.parameters import load_all

TOOLING_STACK = "Payroll-Tooling"
TOOLING_PREFIX = "/kiln/tooling/"


@dataclass(frozen=True, slots=True)
class Home:
    """The environment whose account holds Tooling, and the other accounts, which its images are shared with."""

    environment: str
    slug: str
    account: str
    region: str
    others: tuple[str, ...]

    @classmethod
    def from_parameter_files(cls) -> Self:
        """Raises BadInput where the parameter files are wrong."""
        everyone = load_all()
        home = next(one for one in everyone if one.tooling is not None)  # load_all has made sure that there is one
        others = tuple(sorted({one.account for one in everyone} - {home.account}))
        return cls(home.name, home.slug, home.account, home.region, others)

    def check_account(self, aws: Aws) -> str:
        """The ARN of whose credentials they are. Raises NotReady where they belong to another account than expected."""
        try:
            with errors("asking whose the credentials are (sts:GetCallerIdentity)"):
                caller = aws.client("sts").get_caller_identity()
        except Unreachable as problem:
            known = aws.session.get_available_regions("ec2")  # asked last: one that is new is not among them
            if self.region in known:
                raise
            raise BadInput(
                "nobody answers in this region, and it is none that is known here",
                where=f"infra/environments/{self.slug}.toml, region",
                found=f"{self.region} ({problem.found})",
                expected=f"such as {', '.join(get_close_matches(self.region, known))}",
            ) from problem
        found = caller["Account"]
        if found != self.account:
            raise NotReady(
                "the credentials belong to another account than the one where images are baked",
                where=f"infra/environments/{self.slug}.toml, account",
                found=found,
                expected=f"{self.account} ({self.environment})",
                next_step=f"export AWS_PROFILE={self.slug}",
            )
        return str(caller["Arn"])


@dataclass(frozen=True, slots=True)
class Workshop:
    """What Tooling provides to a bake, and SSM parameter → AMI id that it names, for the parents of the bases.

    `subnets` are in zones of their own: where one has no capacity the next is tried.
    """

    subnets: tuple[str, ...]
    security_group: str
    instance_profile: str
    key: str
    bucket: str
    published: dict[str, str]

    @property
    def subnet(self) -> str:
        """The first one."""
        return self.subnets[0]

    @classmethod
    def look_up(cls, aws: Aws, home: Home, recipes: tuple[Recipe, ...]) -> Self:
        """One call for all. Raises NotReady where Tooling is not deployed, BadInput where a parent does not exist."""
        names = {
            "subnets": "subnet-ids",
            "security_group": "security-group-id",
            "instance_profile": "instance-profile",
            "key": "key-arn",
            "bucket": "image-bucket",
        }
        asked = [TOOLING_PREFIX + name for name in names.values()]
        bases = [recipe for recipe in recipes if recipe.layer is Layer.BASE]
        asked += sorted({recipe.contents.parent for recipe in bases})
        with errors(f"reading the parameters of {TOOLING_STACK} (ssm:GetParameters)"):
            answer = aws.client("ssm").get_parameters(Names=asked)
        values = {one["Name"]: one["Value"] for one in answer["Parameters"]}
        missing = [name for name in asked if not values.get(name)]
        if tooling := [name for name in missing if name.startswith(TOOLING_PREFIX)]:
            raise NotReady(
                f"{TOOLING_STACK} is not deployed",
                where=f"account {home.account} ({home.environment}), {home.region}",
                found=f"no SSM parameter {', '.join(tooling)}",
                next_step=f"cdk deploy {TOOLING_STACK}",
            )
        for recipe in bases:
            if recipe.contents.parent in missing:
                raise BadInput(
                    f"the parent image of {recipe.name} does not exist",
                    where=f"{show(recipe.folder / FILE)}, parent",
                    found=recipe.contents.parent,
                    expected=f"an SSM parameter in {home.region} that holds an AMI id",
                )
        published = {recipe.contents.parent: values[recipe.contents.parent] for recipe in bases}
        if wrong := [f"{name}: {value}" for name, value in published.items() if not value.startswith("ami-")]:
            raise KilnError("a parent image is no AMI id", found=", ".join(wrong), expected="ami-…")
        found = {field: values[TOOLING_PREFIX + name] for field, name in names.items()}
        return cls(tuple(found.pop("subnets").split(",")), **found, published=published)
