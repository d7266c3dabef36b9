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

from pydantic import Field, ValidationError

from infra.mistakes import Mistake, WrongParameters, mistakes_of
from infra.parameters.fields import Account, Region, Table
from infra.parameters.resources import (
    Alarms,
    Backup,
    Bastion,
    Broker,
    Budget,
    Cdn,
    Database,
    DataTable,
    Dns,
    LoadBalancer,
    Network,
    Operations,
    Retention,
    Tooling,
    Vault,
)
from infra.parameters.tiers import CalculationTier, Container, Function, MqTier, QueueTier, Schedule, WebTier

ENVIRONMENTS = Path(__file__).resolve().parent.parent / "environments"

NEEDS = {
    "dns": ("network",),
    "load_balancer": ("network", "dns"),
    "database": ("network", "dns"),
    "broker": ("network", "dns"),
    "web": ("network", "load_balancer", "database", "table", "worker", "worker_mq"),
    "worker": ("network", "database", "table", "worker_calculation"),
    "worker_mq": ("network", "database", "broker"),
    "worker_calculation": ("network", "database", "table"),
    "bastion": ("network", "database"),
    "backup": ("database",),
    "container": ("network", "load_balancer"),
    "function": ("load_balancer",),
}
"""Table of a parameter file → the tables that the same file must have beside it."""

NAMES = {
    "dev": "Dev",
    "internal-test": "InternalTest",
    "acceptance": "Acceptance",
    "stage": "Stage",
    "production": "Production",
    "backup": "Backup",
}
"""File name without its ending → name of the environment, in the order in which a release passes them."""


class ParameterFile(Table):
    """A Kiln parameter file: everything in which one environment differs from another."""

    account: Account
    region: Region
    protected: Annotated[
        bool, Field(description="true or false: refuse the deletion of the stacks, the load balancer and the data")
    ]
    cost_centre: Annotated[
        str, Field(pattern=r"^[a-z0-9-]{1,64}$", description="who pays: small letters, digits and hyphens")
    ]
    retention: Annotated[Retention, Field(description="the table [retention]")]
    alarms: Annotated[Alarms, Field(description="the table [alarms]")]
    budget: Annotated[Budget, Field(description="the table [budget]")]
    schedule: Annotated[Schedule, Field(description="the table [schedule]")] = Schedule()
    network: Annotated[Network | None, Field(description="the table [network]")] = None
    dns: Annotated[Dns | None, Field(description="the table [dns]")] = None
    load_balancer: Annotated[LoadBalancer | None, Field(description="the table [load_balancer]")] = None
    database: Annotated[Database | None, Field(description="the table [database]")] = None
    broker: Annotated[Broker | None, Field(description="the table [broker]")] = None
    web: Annotated[WebTier | None, Field(description="the table [web]")] = None
    worker: Annotated[QueueTier | None, Field(description="the table [worker]")] = None
    worker_mq: Annotated[MqTier | None, Field(description="the table [worker_mq]")] = None
    worker_calculation: Annotated[CalculationTier | None, Field(description="the table [worker_calculation]")] = None
    bastion: Annotated[Bastion | None, Field(description="the table [bastion]")] = None
    operations: Annotated[Operations | None, Field(description="the table [operations]")] = None
    backup: Annotated[Backup | None, Field(description="the table [backup]")] = None
    vault: Annotated[Vault | None, Field(description="the table [vault], in one file only")] = None
    container: Annotated[Container | None, Field(description="the table [container]")] = None
    function: Annotated[Function | None, Field(description="the table [function]")] = None
    table: Annotated[DataTable | None, Field(description="the table [table]")] = None
    cdn: Annotated[Cdn | None, Field(description="the table [cdn]")] = None
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
    mistakes += [*_missing_tables(tables), *_shared_accounts(tables), *_overlaps(tables), *_not_in_the_vault(tables)]
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


def _missing_tables(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    for file, table in tables.items():
        for name, needed in NEEDS.items():
            for other in needed if name in table else ():
                if other not in table:
                    yield Mistake(file, other, "nothing", f"the table [{other}]: [{name}] needs it")


def _not_in_the_vault(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[Mistake]:
    """A copy outside the bounds of the vault's lock is refused by AWS Backup when it is made: at night, every night."""
    vaults = {file: table["vault"] for file, table in tables.items() if isinstance(table.get("vault"), dict)}
    for file in list(vaults)[1:]:
        yield Mistake(file, "vault", "a second vault", f"only the one of {next(iter(vaults))}")
    if len(tables) == len(NAMES) and not any("backup" in table for table in tables.values()):
        for owner in vaults:
            yield Mistake(owner, "vault", "a vault that nobody copies to", "the table [backup] in another file")
    for file, table in tables.items():
        backup = table.get("backup")
        days = backup.get("copy_keep_days") if isinstance(backup, dict) else None
        if not isinstance(days, int):
            continue
        if not vaults and len(tables) == len(NAMES):  # a file that cannot be read may have it
            yield Mistake(file, "backup", "copies without a vault", "the table [vault] in one of the files")
        for owner, vault in list(vaults.items())[:1]:
            low, high = vault.get("minimum_days"), vault.get("maximum_days")
            if isinstance(low, int) and isinstance(high, int) and not low <= days <= high:
                yield Mistake(file, "backup.copy_keep_days", repr(days), f"{low} to {high}, the bounds of {owner}")


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
    for file in having:
        region, regions = tables[file].get("region"), tables[file]["tooling"]
        if isinstance(regions, Mapping) and region in (regions.get("copy_regions") or ()):
            yield Mistake(
                file, "tooling.copy_regions", repr(region), "other regions than the one where images are baked"
            )
