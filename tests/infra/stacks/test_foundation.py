"""The stacks that everything else stands on: keys, account, network, names, load balancer, bastion, files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.parameters import Environment
from infra.stacks.account import Account
from infra.stacks.bastion import Bastion
from infra.stacks.cdn import Cdn
from infra.stacks.dns import Dns
from infra.stacks.keys import Keys
from infra.stacks.load_balancer import LoadBalancer
from infra.stacks.network import Network
from infra.stacks.values import LISTENER, PAYROLL

Alone = Callable[[type[cdk.Stack]], Any]

WRITTEN = {
    Keys: ("data-arn", "logs-arn", "messages-arn"),
    Account: ("defaults-function-arn",),
    Network: ("vpc-id", "public-subnet-ids", "app-subnet-ids", "data-subnet-ids", "endpoint-security-group-id"),
    Dns: ("public-zone-id", "private-zone-id", "name-servers"),
    LoadBalancer: ("listener-arn", "security-group-id", "dns-name", "full-name"),
    Bastion: ("session-document", "security-group-id"),
    Cdn: ("bucket", "address"),
}
FOLDERS = {LoadBalancer: "load-balancer"}


def written(template: Any) -> dict[str, Any]:
    found = (r["Properties"] for r in template.find_resources("AWS::SSM::Parameter").values())
    return {p["Name"].removeprefix(f"{PAYROLL.root}/"): p["Value"] for p in found}


@pytest.fixture
def assembly_values(assembly: Path) -> Callable[[str], dict[str, str]]:
    """A function that gives the values of an environment's Parameters stack."""

    def values(environment: str) -> dict[str, str]:
        template = json.loads((assembly / f"Parameters-{environment}.template.json").read_text())
        found = (r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::SSM::Parameter")
        return {p["Name"].removeprefix(f"{PAYROLL.root}/"): p["Value"] for p in found}

    return values


@pytest.mark.parametrize("stack", WRITTEN, ids=lambda stack: stack.__name__)
def test_each_stack_leaves_what_others_need(alone: Alone, stack: type[cdk.Stack]) -> None:
    folder = FOLDERS.get(stack, stack.__name__.lower())
    assert written(alone(stack)).keys() == {f"{folder}/{name}" for name in WRITTEN[stack]}


def test_each_key_is_used_by_its_own_services_only(alone: Alone) -> None:
    keys = alone(Keys).find_resources("AWS::KMS::Key").values()
    found = {
        key["Properties"]["Description"].split()[0].strip(","): sorted(
            statement.get("Sid") or statement["Fn::If"][1]["Sid"]
            for statement in key["Properties"]["KeyPolicy"]["Statement"]
        )
        for key in keys
    }
    assert found == {
        "Volumes": ["AutoScaling", "AutoScalingGrants", "CloudFront", "CopyBackups", "CopyBackupsGrants", "Owner"],
        "Log": ["CloudTrail", "CloudWatchLogs", "Config", "Owner"],
        "Topics": ["AutoScaling", "EventBridge", "Owner", "Publishers"],
    }


def test_an_account_without_networks_blocks_the_internet_both_ways(
    assembly_values: Callable[[str], dict[str, str]], environments: tuple[Environment, ...]
) -> None:
    for environment in environments:
        expected = "block-ingress" if environment.network else "block-bidirectional"
        assert assembly_values(environment.name)["account/internet"] == expected


def test_the_copies_account_is_known_where_there_are_backups(
    assembly_values: Callable[[str], dict[str, str]], environments: tuple[Environment, ...]
) -> None:
    [vault] = [environment for environment in environments if environment.vault]
    for environment in environments:
        expected = vault.account if environment.backup else "none"
        assert assembly_values(environment.name)["backup/copy-account"] == expected


def test_the_name_of_the_service_leads_to_the_load_balancer(alone: Alone) -> None:
    template = alone(LoadBalancer)
    [balancer] = template.find_resources("AWS::ElasticLoadBalancingV2::LoadBalancer")
    [name] = template.find_resources("AWS::Route53::RecordSet").values()
    assert name["Properties"]["Name"] == {"Ref": "DnsDomainName"}
    assert name["Properties"]["AliasTarget"]["DNSName"] == {"Fn::GetAtt": [balancer, "DNSName"]}


def test_the_bastion_opens_the_way_to_the_database_and_no_other(alone: Alone) -> None:
    template = alone(Bastion)
    [into] = template.find_resources("AWS::EC2::SecurityGroupIngress").values()
    assert into["Properties"]["GroupId"] == {"Ref": "DatabaseSecurityGroupId"}
    assert into["Properties"]["FromPort"] == {"Ref": "DatabasePort"}


def test_web_is_asked_last() -> None:
    assert max(LISTENER.by_tier, key=LISTENER.by_tier.__getitem__) == "web"
