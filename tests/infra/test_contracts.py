"""Each contract: held by a small system, then broken in every way that it names."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from infra.contracts import Broken, check
from infra.synthesized import Stack

Json = dict[str, Any]

HTTP = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
SHOP, SAFE = "111111111111", "222222222222"


def resource(kind: str, **properties: Any) -> Json:
    return {"Type": kind, "Properties": properties}


def reading(name: str) -> Json:
    """A policy that lets a role read one SSM parameter."""
    arn = {"Fn::Join": ["", ["arn:aws:ssm:eu-west-1:", {"Ref": "AWS::AccountId"}, f":parameter{name}"]]}
    return {"Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn}]}


def to(account: str, action: str) -> Json:
    """A resource policy that lets an account do something."""
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": action, "Resource": "*"}]}


def get(logical_id: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [logical_id, attribute]}


def system() -> dict[str, Json]:
    """Templates by stack: `Shop` and `Values` are of the environment Stage, `Vault` is of Backup."""
    vault_arn = f"arn:aws:backup:eu-west-1:{SAFE}:backup-vault:copies"
    copying = {"DestinationBackupVaultArn": vault_arn, "Lifecycle": {"DeleteAfterDays": 30}}
    return {
        "Values": {
            "Topic": resource("AWS::SNS::Topic"),
            "Subscription": resource("AWS::SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="email"),
            "Write": resource("AWS::SSM::Parameter", Name="/shop/name", Value="Shop"),
            "WriteTopic": resource("AWS::SSM::Parameter", Name="/shop/topic", Value={"Ref": "Topic"}),
            "Key": resource("AWS::KMS::Key", KeyPolicy=to(SAFE, "kms:*")),
            "WriteKey": resource("AWS::SSM::Parameter", Name="/shop/key", Value=get("Key", "Arn")),
        },
        "Shop": {
            "Role": resource("AWS::IAM::Role", Policies=[{"PolicyDocument": reading("/shop/name")}]),
            "Alarm": resource("AWS::CloudWatch::Alarm", AlarmActions=[{"Ref": "TopicArn"}]),
            "Part": resource("AWS::CloudWatch::Alarm"),
            "Whole": resource(
                "AWS::CloudWatch::CompositeAlarm",
                AlarmRule={"Fn::Sub": "ALARM(${Part})"},
                AlarmActions=[{"Ref": "TopicArn"}],
            ),
            "Front": resource("AWS::EC2::SecurityGroup"),
            "Back": resource(
                "AWS::EC2::SecurityGroup",
                SecurityGroupIngress=[
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 80,
                        "ToPort": 80,
                        "SourceSecurityGroupId": get("Front", "GroupId"),
                    }
                ],
            ),
            "FrontToBack": resource(
                "AWS::EC2::SecurityGroupEgress",
                GroupId=get("Front", "GroupId"),
                DestinationSecurityGroupId=get("Back", "GroupId"),
                **HTTP,
            ),
            "Cluster": resource("AWS::RDS::DBCluster", KmsKeyId={"Ref": "KeyArn"}),
            "Plan": resource("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{"CopyActions": [copying]}]}),
        },
        "Vault": {
            "Vault": resource(
                "AWS::Backup::BackupVault",
                BackupVaultName="copies",
                LockConfiguration={"MinRetentionDays": 7, "MaxRetentionDays": 90},
                AccessPolicy=to(SHOP, "backup:CopyIntoBackupVault"),
            )
        },
    }


def broken(change: Callable[[dict[str, Json]], object] = lambda system: None) -> list[Broken]:
    changed = copy.deepcopy(system())
    change(changed)
    parameters = {
        name: {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/shop/{value}"}
        for name, value in (("TopicArn", "topic"), ("KeyArn", "key"))
    }
    stacks = [
        Stack(
            name=f"S-{name}",
            source=name,
            environment="Backup" if name == "Vault" else "Stage",
            account=SAFE if name == "Vault" else SHOP,
            region="eu-west-1",
            template={"Parameters": parameters if name == "Shop" else {}, "Resources": resources},
        )
        for name, resources in changed.items()
    ]
    return list(check(stacks))


def test_a_system_that_fits_together_breaks_nothing() -> None:
    assert broken() == []


BREAKAGES: dict[str, tuple[str, Callable[[dict[str, Json]], object]]] = {
    "a role reads what nobody writes": ("a role reads what is written", lambda s: s["Values"].pop("Write")),
    "a topic without a subscriber": ("an alarm reaches somebody", lambda s: s["Values"].pop("Subscription")),
    "a subscription to another topic": (
        "an alarm reaches somebody",
        lambda s: s["Values"]["Subscription"]["Properties"].update(TopicArn="arn:aws:sns:eu-west-1:1:other"),
    ),
    "an alarm without actions": ("an alarm reaches somebody", lambda s: s["Shop"]["Alarm"]["Properties"].clear()),
    "a composite alarm that forgets one": (
        "an alarm reaches somebody",
        lambda s: s["Shop"]["Whole"]["Properties"].update(AlarmRule="FALSE"),
    ),
    "a way out is missing": ("an opening has its peer", lambda s: s["Shop"].pop("FrontToBack")),
    "a way in is missing": ("an opening has its peer", lambda s: s["Shop"]["Back"]["Properties"].clear()),
    "a way out of another port": (
        "an opening has its peer",
        lambda s: s["Shop"]["FrontToBack"]["Properties"].update(FromPort=81, ToPort=81),
    ),
    "no such vault": ("a copy has a vault that takes it", lambda s: s["Vault"].pop("Vault")),
    "a vault of another name": (
        "a copy has a vault that takes it",
        lambda s: s["Vault"]["Vault"]["Properties"].update(BackupVaultName="other"),
    ),
    "a lock that wants more days": (
        "a copy has a vault that takes it",
        lambda s: s["Vault"]["Vault"]["Properties"]["LockConfiguration"].update(MinRetentionDays=31),
    ),
    "a lock that allows fewer days": (
        "a copy has a vault that takes it",
        lambda s: s["Vault"]["Vault"]["Properties"]["LockConfiguration"].update(MaxRetentionDays=29),
    ),
    "a vault that lets nobody in": (
        "a copy has a vault that takes it",
        lambda s: s["Vault"]["Vault"]["Properties"].pop("AccessPolicy"),
    ),
    "a vault that lets another account in": (
        "a copy has a vault that takes it",
        lambda s: s["Vault"]["Vault"]["Properties"].update(AccessPolicy=to("333333333333", "backup:*")),
    ),
    "a key without the grant": (
        "a copy has a vault that takes it",
        lambda s: s["Values"]["Key"]["Properties"].update(KeyPolicy=to(SHOP, "kms:*")),
    ),
    "a key that grants something else": (
        "a copy has a vault that takes it",
        lambda s: s["Values"]["Key"]["Properties"].update(KeyPolicy=to(SAFE, "kms:DescribeKey")),
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_contract_is_found_and_named(name: str) -> None:
    contract, change = BREAKAGES[name]
    found = broken(change)
    assert found
    assert {one.contract for one in found} == {contract}
    assert all(one.where and one.found and one.expected for one in found)


def test_a_way_out_to_everywhere_is_a_peer_too() -> None:
    anywhere = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}

    def opened(system: dict[str, Json]) -> None:
        del system["Shop"]["FrontToBack"]
        system["Shop"]["Front"]["Properties"]["SecurityGroupEgress"] = [anywhere]

    assert broken(opened) == []


def test_payroll_keeps_every_contract(application: tuple[Stack, ...]) -> None:
    assert [*check(application)] == []
