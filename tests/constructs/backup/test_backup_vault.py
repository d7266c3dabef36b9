from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.backup.backup_vault import BackupVault, Lock
from kiln.backup.restore_room import RestoreRoom
from kiln.backup.restore_tests import WantedTests
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(*(f"arn:aws:sns:eu-west-1:111111111111:{name}" for name in ("urgent", "warning", "info")))
LOCK = Lock(minimum_days=30, maximum_days=365, changeable_for_days=3)


def vault_of(lock: Lock = LOCK, **wanted: Any) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        room = RestoreRoom(stack, "RestoreRoom", records=Records("arn:logs", 30), defaults_function_arn="arn:function")
        tests = WantedTests(
            "cron(0 4 ? * SUN *)", **({"overrides": {"Aurora": room.overrides, "DynamoDB": {}}} | wanted)
        )
        BackupVault(
            stack,
            "Vault",
            name="the-copies",
            source_accounts=cdk.CfnParameter(stack, "Sources", type="CommaDelimitedList").value_as_list,
            lock=lock,
            key_arn="arn:key",
            tests=tests,
            topics=TOPICS,
        )

    return build


@pytest.fixture
def vault(template: Callable[..., Any]) -> Any:
    return template(vault_of())


def only(template: Any, kind: str) -> dict[str, Any]:
    [found] = template.find_resources(f"AWS::{kind}").values()
    return dict(found)


def test_its_lock_is_for_good_after_three_days(vault: Any) -> None:
    lock = only(vault, "Backup::BackupVault")["Properties"]["LockConfiguration"]
    assert lock == {"MinRetentionDays": 30, "MaxRetentionDays": 365, "ChangeableForDays": 3}


def test_the_source_accounts_copy_in_and_nobody_deletes(vault: Any) -> None:
    properties = only(vault, "Backup::BackupVault")["Properties"]
    copies, deny = properties["AccessPolicy"]["Statement"]
    assert copies["Principal"] == {"AWS": {"Ref": "Sources"}}
    assert (copies["Effect"], copies["Action"]) == ("Allow", "backup:CopyIntoBackupVault")
    assert (deny["Effect"], deny["Principal"]) == ("Deny", {"AWS": "*"})
    assert "backup:DeleteRecoveryPoint" in deny["Action"]
    assert (properties["BackupVaultName"], properties["EncryptionKeyArn"]) == ("the-copies", "arn:key")


def test_a_named_vault_goes_with_its_stack_as_long_as_aws_backup_finds_it_empty(vault: Any) -> None:
    found = only(vault, "Backup::BackupVault")
    assert found.get("DeletionPolicy", "Delete") == "Delete"
    assert found["Metadata"]["kiln:exceptions"][0]["promise"] == "vault-outlives-its-stack"


def test_the_latest_copies_of_this_vault_are_restored_each_week(vault: Any) -> None:
    plan = only(vault, "Backup::RestoreTestingPlan")["Properties"]
    chosen = plan["RecoveryPointSelection"]
    assert chosen["Algorithm"] == "LATEST_WITHIN_WINDOW"
    assert [list(arn) for arn in chosen["IncludeVaults"]] == [["Fn::GetAtt"]]
    assert (plan["ScheduleExpression"], plan["RestoreTestingPlanName"]) == ("cron(0 4 ? * SUN *)", "the_copies")
    assert chosen["SelectionWindowDays"] >= 7


def test_clusters_are_restored_into_a_room_without_a_way_out(vault: Any) -> None:
    selections = {
        s["Properties"]["ProtectedResourceType"]: s["Properties"]
        for s in vault.find_resources("AWS::Backup::RestoreTestingSelection").values()
    }
    assert set(selections) == {"Aurora", "DynamoDB"}
    [group] = vault.find_resources("AWS::RDS::DBSubnetGroup")
    assert selections["Aurora"]["RestoreMetadataOverrides"]["dbSubnetGroupName"] == {"Ref": group}
    assert "RestoreMetadataOverrides" not in selections["DynamoDB"]
    kinds = {resource["Type"] for resource in vault.to_json()["Resources"].values()}
    assert not [k for k in kinds if "Gateway" in k or k.endswith(("::Route", "::VPCEndpoint", "::EIP"))]
    assert "SecurityGroupIngress" not in only(vault, "EC2::SecurityGroup")["Properties"]
    [closed] = vault.find_resources("Custom::ClosedDefaultGroup").values()
    assert closed["Properties"]["ServiceToken"] == "arn:function"
    assert only(vault, "EC2::FlowLog")["Properties"]["TrafficType"] == "ALL"


def test_the_role_deletes_only_what_a_test_has_made(vault: Any) -> None:
    policies = [
        p["Properties"]["PolicyDocument"]["Statement"] for p in vault.find_resources("AWS::IAM::Policy").values()
    ]
    deleting = [s for statements in policies for s in statements if ":Delete" in str(s["Action"])]
    assert deleting
    assert all("awsbackup" in str(s["Resource"]) for s in deleting)


def test_a_failed_restore_wakes_somebody(vault: Any) -> None:
    alarms = [a["Properties"] for a in vault.find_resources("AWS::CloudWatch::Alarm").values()]
    assert {a["Dimensions"][0]["Value"] for a in alarms} == {"Aurora", "DynamoDB"}
    assert all(a["AlarmActions"] == [TOPICS.urgent_arn] for a in alarms)


@pytest.mark.parametrize(
    ("field", "days"),
    [("minimum_days", 0), ("maximum_days", 29), ("maximum_days", 36_501), ("changeable_for_days", 2)],
)
def test_a_lock_out_of_bounds_is_refused(template: Callable[..., Any], field: str, days: int) -> None:
    with pytest.raises(WrongProperty) as refused:
        template(vault_of(replace(LOCK, **{field: days})))
    assert (refused.value.path, refused.value.name) == ("Stack/Vault", f"lock.{field}")


def test_a_vault_without_restore_tests_is_refused(template: Callable[..., Any]) -> None:
    with pytest.raises(WrongProperty, match="at least one resource type"):
        template(vault_of(overrides={}))
