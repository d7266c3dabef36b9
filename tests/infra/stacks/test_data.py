"""The stacks of data and backup, and what they leave for each other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.parameters import Environment
from infra.stacks.parameters import VAULT

Artifacts = Callable[[Path], dict[str, Any]]


def template(folder: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.template.json").read_text())
    return read


def of_type(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in found["Resources"].values() if resource["Type"] == f"AWS::{kind}"]


def written(found: dict[str, Any]) -> dict[str, Any]:
    parameters = (p["Properties"] for p in of_type(found, "SSM::Parameter"))
    return {p["Name"].removeprefix("/kiln/payroll/"): p["Value"] for p in parameters}


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        (
            "Database",
            {"security-group-id", "port", "cluster-arn", "resource-id", "endpoint", "reader-endpoint", "secret-arn"},
        ),
        ("Broker", {"security-group-id", "endpoint", "arn", "secret-arn"}),
        ("Table", {"name", "arn"}),
        ("Backup", {"vault-arn"}),
        ("Vault", {"arn"}),
    ],
)
def test_each_stack_leaves_what_others_need(assembly: Path, stack: str, names: set[str]) -> None:
    assert written(template(assembly, stack)).keys() == {f"{stack.lower()}/{name}" for name in names}


def test_an_environment_has_the_stacks_of_its_tables(
    assembly: Path, artifacts: Artifacts, environments: tuple[Environment, ...]
) -> None:
    made = artifacts(assembly)
    for environment in environments:
        for stack in ("database", "broker", "table", "backup", "vault"):
            name = f"Payroll-{environment.name}-{stack.capitalize()}"
            assert (name in made) is (getattr(environment, stack) is not None)


def test_what_holds_data_asks_to_be_backed_up_and_nothing_else_does(assembly: Path) -> None:
    for stack, kind in (("Database", "RDS::DBCluster"), ("Table", "DynamoDB::Table")):
        resources = template(assembly, stack)["Resources"].values()
        tag = {"Key": "kiln:backup", "Value": "daily"}
        tagged = {r["Type"] for r in resources if tag in _tags(r)}
        assert tagged == {f"AWS::{kind}"}


def _tags(resource: dict[str, Any]) -> list[Any]:
    tags = resource.get("Properties", {}).get("Tags", [])
    return list(tags) if isinstance(tags, list) else []


@pytest.mark.parametrize(
    ("stack", "leads", "kinds"),
    [("Database", ("database", "database-ro"), {"CNAME"}), ("Broker", ("broker", "_amqps._tcp"), {"CNAME", "SRV"})],
)
def test_roles_have_names_in_the_private_zone(
    assembly: Path, stack: str, leads: tuple[str, ...], kinds: set[str]
) -> None:
    records = [r["Properties"] for r in of_type(template(assembly, stack), "Route53::RecordSet")]
    names = {record["Name"]["Fn::Join"][1][0].rstrip(".") for record in records}
    assert names == set(leads)
    assert {record["Type"] for record in records} == kinds
    assert {record["HostedZoneId"]["Ref"] for record in records} == {"DnsPrivateZoneId"}


def test_database_and_broker_stand_where_no_way_leads_to_the_internet(assembly: Path) -> None:
    [subnets] = of_type(template(assembly, "Database"), "RDS::DBSubnetGroup")
    assert subnets["Properties"]["SubnetIds"] == {"Ref": "NetworkDataSubnetIds"}
    [broker] = of_type(template(assembly, "Broker"), "AmazonMQ::Broker")
    assert broker["Properties"]["SubnetIds"]["Fn::If"][1] == {"Ref": "NetworkDataSubnetIds"}


def test_copies_go_to_the_vault_that_lets_their_account_in(
    assembly: Path, environments: tuple[Environment, ...]
) -> None:
    [home] = [environment for environment in environments if environment.vault]
    sources = [environment for environment in environments if environment.backup]
    for source in sources:
        values = written(template(assembly, f"Parameters-{source.name}"))
        assert values["backup/copy-vault-arn"].endswith(f":{home.account}:backup-vault:{VAULT}")
        assert f":{source.region}:" in values["backup/copy-vault-arn"]
        assert values["backup/copy-account"] == home.account
    admitted = written(template(assembly, f"Parameters-{home.name}"))["vault/source-accounts"]
    assert admitted.split(",") == sorted(source.account for source in sources)
    [vault] = of_type(template(assembly, "Vault"), "Backup::BackupVault")
    assert vault["Properties"]["BackupVaultName"] == VAULT
    assert vault["Properties"]["AccessPolicy"]["Statement"][0]["Principal"] == {"AWS": {"Ref": "VaultSourceAccounts"}}


def test_the_key_of_the_data_lets_the_account_of_the_copies_read(assembly: Path) -> None:
    keys = template(assembly, "Keys")
    [data] = [key for name, key in keys["Resources"].items() if name.startswith("Data") and "KeyPolicy" in str(key)]
    assert "BackupCopyAccount" in json.dumps(data["Properties"]["KeyPolicy"])
    for stack in ("Database", "Backup"):
        assert "KeysDataArn" in template(assembly, stack)["Parameters"]
