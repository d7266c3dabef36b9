"""What differs between two environments: one TOML file each, one typed model, nothing else anywhere.

All files are checked together and every mistake in all of them is reported, so that one run is enough to see what to
correct. No secrets belong here, and no account id anywhere else. Knows nothing of the CDK: every room may read it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from infra.mistakes import Mistake, WrongParameters, mistakes_of

ENVIRONMENTS = Path(__file__).resolve().parent / "environments"

NAMES = {
    "dev": "Dev",
    "internal-test": "InternalTest",
    "acceptance": "Acceptance",
    "stage": "Stage",
    "production": "Production",
    "backup": "Backup",
}
"""File name without its ending → name of the environment, in the order in which a release passes them."""

OCTET = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"

Account = Annotated[str, Field(pattern=r"^\d{12}$", description="an AWS account id: 12 digits in quotes")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="an AWS region such as eu-west-1")]
Cidr = Annotated[
    str,
    Field(
        pattern=rf"^(10\.{OCTET}|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0/16$",
        description="a private IPv4 network of size /16 such as 10.94.0.0/16",
    ),
]
InstanceType = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$")
]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class Table(BaseModel):
    """A table of a parameter file: no unknown keys, no conversions, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Network(Table):
    """The VPC."""

    cidr: Cidr
    nat_gateways: Annotated[int, Field(ge=1, le=3, description="NAT gateways: 1, 2 or 3; zones without one share")]


class LoadBalancer(Table):
    """The public load balancer."""

    domain_name: Annotated[
        str,
        Field(
            pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$",
            description="the domain name of the service in this environment, in lower case",
        ),
    ]
    hosted_zone_id: Annotated[
        str | None,
        Field(
            pattern=r"^Z[0-9A-Z]{5,31}$",
            description="the Route 53 zone for the certificate's validation record; without it, somebody writes it",
        ),
    ] = None


class Tier(Table):
    """One tier's Auto Scaling group."""

    instance_types: Annotated[
        tuple[InstanceType, ...],
        Field(
            min_length=1,
            max_length=4,
            strict=False,
            description='one to four instance types, the preferred first, such as ["m7i.large", "m6i.large"]',
        ),
    ]
    minimum: Annotated[int, Field(ge=1, le=1000, description="the least number of instances: 1 to 1000")]
    maximum: Annotated[int, Field(ge=1, le=1000, description="the largest number of instances: 1 to 1000")]
    root_volume_gib: Annotated[int, Field(ge=8, le=16384, description="the root volume's size in GiB: 8 to 16384")]
    health_check_grace_seconds: Annotated[
        int, Field(ge=10, le=7200, description="seconds until a new instance must be healthy: 10 to 7200")
    ]
    warmup_seconds: Annotated[
        int, Field(ge=0, le=3600, description="seconds from running to healthy; the next one waits for it: 0 to 3600")
    ]
    deregistration_delay_seconds: Annotated[
        int, Field(ge=0, le=3600, description="seconds a leaving instance may finish its requests: 0 to 3600")
    ]

    @field_validator("maximum")
    @classmethod
    def _not_below_the_minimum(cls, maximum: int, others: ValidationInfo) -> int:
        minimum = others.data.get("minimum", maximum)
        if maximum < minimum:
            raise ValueError(f"at least the minimum, which is {minimum}")
        return maximum


class Retention(Table):
    """How long things are kept."""

    log_days: Annotated[int, Field(ge=1, le=3653, description="days that logs are kept: 1 to 3653")]


class Alarms(Table):
    """Who is told."""

    addresses: Annotated[
        tuple[MailAddress, ...],
        Field(min_length=1, strict=False, description='mail addresses such as ["on-call@payroll.example"]'),
    ]


class Tooling(Table):
    """The place where images are baked; it lives in the account of the file that has this table."""

    cidr: Cidr


class ParameterFile(Table):
    """A Kiln parameter file: everything in which one environment differs from another."""

    account: Account
    region: Region
    protected: Annotated[
        bool, Field(description="true or false: refuse the deletion of the stacks and of the load balancer")
    ]
    network: Annotated[Network, Field(description="the table [network]")]
    load_balancer: Annotated[LoadBalancer, Field(description="the table [load_balancer]")]
    web: Annotated[Tier, Field(description="the table [web]")]
    retention: Annotated[Retention, Field(description="the table [retention]")]
    alarms: Annotated[Alarms, Field(description="the table [alarms]")]
    tooling: Annotated[Tooling | None, Field(description="the table [tooling], in one file only")] = None


class Environment(ParameterFile):
    """One environment: its file, and the two names that follow from the file's name."""

    name: str
    slug: str


def load_all(folder: Path = ENVIRONMENTS) -> tuple[Environment, ...]:
    """All environments, in the order in which a release passes them.

    Raises:
        WrongParameters: with every mistake in all files.
    """
    environments, mistakes = check(folder)
    if mistakes:
        raise WrongParameters(str(folder), mistakes)
    return environments


def check(folder: Path = ENVIRONMENTS) -> tuple[tuple[Environment, ...], tuple[Mistake, ...]]:
    """The environments whose files are right by themselves, and every mistake in all files."""
    environments: list[Environment] = []
    mistakes = list(_unknown_files(folder))
    tables: dict[str, dict[str, Any]] = {}
    for slug in NAMES:
        file = f"{slug}.toml"
        try:
            table = tables[file] = tomllib.loads((folder / file).read_text("utf-8"))
            parsed = ParameterFile.model_validate(table)
            environments.append(Environment(**dict(parsed), name=NAMES[slug], slug=slug))
        except FileNotFoundError:
            mistakes.append(Mistake(file, "", "no such file", f"the parameter file of {NAMES[slug]}"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(file, "", str(error), "TOML in UTF-8"))
        except ValidationError as error:
            mistakes += mistakes_of(file, ParameterFile, error)
    mistakes += [*_shared_accounts(tables), *_overlaps(tables)]
    if len(tables) == len(NAMES):
        mistakes += _not_one_tooling(tables)
    return tuple(environments), tuple(mistakes)


def schema() -> dict[str, Any]:
    """The JSON Schema of a parameter file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | ParameterFile.model_json_schema()


def _unknown_files(folder: Path) -> Iterator[Mistake]:
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in NAMES:
            yield Mistake(path.name, "", "a file for no environment", f"only these: {', '.join(NAMES)}")


def _shared_accounts(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    """SSM names exist once in an account and region, so two environments in one would overwrite each other."""
    owner: dict[str, str] = {}
    for file, table in tables.items():
        account = table.get("account")
        if not isinstance(account, str):
            continue
        if account in owner:
            yield Mistake(file, "account", repr(account), f"an account of its own; {owner[account]} has this one")
        owner.setdefault(account, file)


def _overlaps(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    networks = [
        (file, f"{section}.cidr", network)
        for file, table in tables.items()
        for section in ("network", "tooling")
        if (network := _network(table.get(section)))
    ]
    for (file, key, network), (other_file, other_key, other) in combinations(networks, 2):
        if network.overlaps(other):
            expected = f"a network apart from {network}, {key} of {file}"
            yield Mistake(other_file, other_key, repr(str(other)), expected)


def _network(section: Any) -> IPv4Network | None:
    """The section's network, if it can be read as one: what is wrong by itself is reported elsewhere."""
    try:
        return IPv4Network(str(section["cidr"]), strict=False)
    except (TypeError, KeyError, ValueError):
        return None


def _not_one_tooling(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    having = [file for file, table in tables.items() if "tooling" in table]
    if not having:
        yield Mistake("dev.toml", "tooling", "nothing", "the table [tooling] in one of the files")
    for file in having[1:]:
        yield Mistake(file, "tooling", "a second place where images are baked", f"only the one of {having[0]}")
