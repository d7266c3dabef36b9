"""The shop in two accounts, each an embedded AWS of its own, with the real CLI: as its tutorial says."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.library_user.conftest import Account, Shop, account, environments

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
    code, output = test_account.cdk("deploy", "Shop-Test/Account", "--require-approval", "never")
    assert code == 0, output
    assert "NameServers = " in output
    assert set(test_account.stacks()) == {"Shop-Test-Parameters", "Shop-Test-Account"}
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

    stack_ids = [stack["StackId"] for stack in test_account.stacks().values()]
    code, output = test_account.cdk("destroy", "Shop-Test/*", "--force")
    assert code == 0, output
    assert test_account.stacks() == {}
    ended = last_statuses(test_account, stack_ids)
    assert {kind for kind, status in ended if status == "DELETE_SKIPPED"} == RETAINED
    assert {status for _, status in ended} == {"DELETE_COMPLETE", "DELETE_SKIPPED"}
    assert [v for v in test_account.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
    assert instances(test_account) == []
    assert test_account.client("rds").describe_db_instances()["DBInstances"] == []
    names = [p["Name"] for p in test_account.client("ssm").describe_parameters()["Parameters"]]
    assert [name for name in names if name.startswith("/shop/")] == []


def last_statuses(there: Account, stack_ids: list[str]) -> set[tuple[str, str]]:
    """Type and last status of every resource of these stacks, by the ids that outlive them."""
    pages = there.client("cloudformation").get_paginator("describe_stack_events")
    last: dict[tuple[str, str], tuple[str, str]] = {}
    for stack_id in stack_ids:
        for page in pages.paginate(StackName=stack_id):
            for event in page["StackEvents"]:  # the newest come first
                last.setdefault(
                    (stack_id, event["LogicalResourceId"]), (event["ResourceType"], event["ResourceStatus"])
                )
    return set(last.values())


def test_the_values_of_the_other_environment_are_refused_in_this_account(test_account: Account, shop: Shop) -> None:
    template = json.dumps(shop.templates("Live")["Parameters"])
    with pytest.raises(ClientError, match="Live is account 222200000002 in eu-central-1"):
        test_account.client("cloudformation").create_stack(StackName="Shop-Live-Parameters", TemplateBody=template)


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
