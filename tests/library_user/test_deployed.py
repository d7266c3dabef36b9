"""The shop in two accounts, each an embedded AWS of its own, with the real CLI: as its tutorial says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.library_user.conftest import Account, account, environments

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RETAINED = {
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::Route53::HostedZone",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}


@pytest.fixture(scope="module")
def test_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account(environments()["Test"], tmp_path_factory.mktemp("test")) as made:
        yield made


@pytest.fixture
def live_account(tmp_path: Path) -> Iterator[Account]:
    with account(environments()["Live"], tmp_path / "live") as made:
        yield made


def deploy(there: Account) -> str:
    code, output = there.cdk("deploy", f"Shop-{there.environment.name}/*", "--require-approval", "never")
    assert code == 0, output
    return output


def instances(there: Account) -> list[tuple[str, str]]:
    """Tier and image of every instance in service."""
    found = []
    for reservation in there.client("ec2").describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] == "running":
                tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
                found.append((tags["kiln:tier"], instance["ImageId"]))
    return sorted(found)


def value(there: Account, name: str) -> str:
    return str(there.client("ssm").get_parameter(Name=f"/shop/{name}")["Parameter"]["Value"])


def test_it_is_deployed_changed_and_destroyed_and_leaves_what_holds_state(test_account: Account) -> None:
    first = test_account.use_images(web="web-1", orders="orders-1")
    deploy(test_account)
    assert {stack["StackStatus"] for stack in test_account.stacks().values()} == {"CREATE_COMPLETE"}
    assert len(test_account.stacks()) == 7
    assert instances(test_account) == [("web", first["web"])]
    assert value(test_account, "database/port") == "13306"

    assert deploy(test_account).count("(no changes)") == 7

    second = test_account.use_images(web="web-2", orders="orders-2")
    deploy(test_account)
    changed = {n for n, stack in test_account.stacks().items() if stack["StackStatus"] == "UPDATE_COMPLETE"}
    assert changed == {"Shop-Test-Parameters", "Shop-Test-Orders", "Shop-Test-Web"}
    assert instances(test_account) == [("web", second["web"])]

    resources = everything(test_account)
    code, output = test_account.cdk("destroy", "Shop-Test/*", "--force")
    assert code == 0, output
    assert test_account.stacks() == {}
    assert {kind for kind, status in left(test_account, resources) if status == "DELETE_SKIPPED"} == RETAINED
    assert {status for _, status in left(test_account, resources)} == {"DELETE_COMPLETE", "DELETE_SKIPPED"}
    assert [v for v in test_account.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
    assert instances(test_account) == []
    assert test_account.client("rds").describe_db_instances()["DBInstances"] == []
    names = [p["Name"] for p in test_account.client("ssm").describe_parameters()["Parameters"]]
    assert [name for name in names if name.startswith("/shop/")] == []


def everything(there: Account) -> dict[str, Any]:
    """The ids of all stacks, to ask for when their names are gone."""
    return {name: stack["StackId"] for name, stack in there.stacks().items()}


def left(there: Account, stack_ids: dict[str, Any]) -> set[tuple[str, str]]:
    """Type and last status of every resource of deleted stacks."""
    cloudformation = there.client("cloudformation")
    found = set()
    for stack_id in stack_ids.values():
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id):
            found |= {(one["ResourceType"], one["ResourceStatus"]) for one in page["StackResourceSummaries"]}
    return found


def test_it_can_be_made_anew_beside_what_was_left(test_account: Account) -> None:
    test_account.use_images(web="web-3", orders="orders-3")
    deploy(test_account)
    assert len(test_account.stacks()) == 7


def test_the_other_account_gets_its_own_size_and_refuses_to_be_destroyed(live_account: Account) -> None:
    images = live_account.use_images(web="web-1", orders="orders-1")
    deploy(live_account)
    assert instances(live_account) == [("orders", images["orders"]), *[("web", images["web"])] * 3]
    assert len(live_account.client("ec2").describe_nat_gateways()["NatGateways"]) == 3
    cluster = live_account.client("rds").describe_db_clusters()["DBClusters"][0]
    assert (len(cluster["DBClusterMembers"]), cluster["DeletionProtection"]) == (3, True)

    code, output = live_account.cdk("destroy", "Shop-Live/Web", "--force")
    assert code == 1
    assert "TerminationProtection" in output
    assert len(live_account.stacks()) == 7
