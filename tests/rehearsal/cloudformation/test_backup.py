"""AWS::Backup: vaults, plans, selections and restore testing, read back from the service."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.cases import Case, live, of, some
from tests.rehearsal.cloudformation.pieces import Json

KEY = "arn:aws:kms:eu-west-1:123400000001:key/0a1b2c3d"
ROLE = "arn:aws:iam::123400000001:role/backup"
TOPIC = "arn:aws:sns:eu-west-1:123400000001:alarms"
ELSEWHERE = "arn:aws:backup:eu-west-1:123400000006:backup-vault:copies"
DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}],
}


def vault(**more: Any) -> Json:
    return of("Backup::BackupVault", BackupVaultName="source", EncryptionKeyArn=KEY, **more)


def plan(days: int, **more: Any) -> Json:
    rule = {
        "RuleName": "daily",
        "TargetBackupVault": {"Ref": "V"},
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "Lifecycle": {"DeleteAfterDays": days},
        "EnableContinuousBackup": True,
        "CopyActions": [{"DestinationBackupVaultArn": ELSEWHERE, "Lifecycle": {"DeleteAfterDays": days}}],
        **more,
    }
    return of(
        "Backup::BackupPlan",
        BackupPlan={"BackupPlanName": "payroll", "BackupPlanRule": [rule]},
        BackupPlanTags={"a": str(days)},
    )


def read_vault(client: Any, identifier: str) -> Any:
    found = client.describe_backup_vault(BackupVaultName=identifier)
    policy = json.loads(client.get_backup_vault_access_policy(BackupVaultName=identifier)["Policy"])
    events = client.get_backup_vault_notifications(BackupVaultName=identifier)["BackupVaultEvents"]
    tags = client.list_tags(ResourceArn=found["BackupVaultArn"])["Tags"]
    names = ("EncryptionKeyArn", "Locked", "MinRetentionDays", "MaxRetentionDays")
    return some(found, *names), policy["Statement"][0]["Action"], events, tags


def read_plan(client: Any, identifier: str) -> Any:
    found = client.get_backup_plan(BackupPlanId=identifier)
    rule = found["BackupPlan"]["Rules"][0]
    tags = client.list_tags(ResourceArn=found["BackupPlanArn"])["Tags"]
    return rule["CopyActions"], rule["Lifecycle"]["DeleteAfterDays"], rule["TargetBackupVaultName"], tags


def trying(expression: str, **more: Any) -> Json:
    return of(
        "Backup::RestoreTestingPlan",
        RestoreTestingPlanName="weekly",
        ScheduleExpression=expression,
        RecoveryPointSelection={
            "Algorithm": "LATEST_WITHIN_WINDOW",
            "IncludeVaults": ["*"],
            "RecoveryPointTypes": ["SNAPSHOT"],
        },
        **more,
    )


def tried(hours: int, plan: Any = "weekly") -> Json:
    return of(
        "Backup::RestoreTestingSelection",
        RestoreTestingPlanName=plan,
        RestoreTestingSelectionName="aurora",
        ProtectedResourceType="Aurora",
        ProtectedResourceArns=["*"],
        IamRoleArn=ROLE,
        ValidationWindowHours=hours,
    )


def read_tried(client: Any, identifier: str) -> Any:
    found = client.get_restore_testing_selection(
        RestoreTestingPlanName="weekly", RestoreTestingSelectionName=identifier.split("|")[1]
    )["RestoreTestingSelection"]
    return some(found, "ProtectedResourceType", "IamRoleArn", "ValidationWindowHours")


def copies(days: int) -> list[Json]:
    return [{"DestinationBackupVaultArn": ELSEWHERE, "Lifecycle": {"DeleteAfterDays": days}}]


CASES = {
    "a vault with lock, policy and notifications": Case(
        "backup",
        vault(
            LockConfiguration={"MinRetentionDays": 7, "MaxRetentionDays": 365, "ChangeableForDays": 3},
            AccessPolicy=DENY,
            Notifications={"SNSTopicArn": TOPIC, "BackupVaultEvents": ["BACKUP_JOB_FAILED"]},
            BackupVaultTags={"a": "1"},
        ),
        vault(
            LockConfiguration={"MinRetentionDays": 14, "MaxRetentionDays": 365, "ChangeableForDays": 4},
            AccessPolicy={**DENY, "Statement": [{**DENY["Statement"][0], "Action": "backup:*"}]},  # type: ignore[dict-item]
            Notifications={"SNSTopicArn": TOPIC, "BackupVaultEvents": ["COPY_JOB_FAILED"]},
            BackupVaultTags={"b": "2"},
        ),
        read_vault,
        (
            {"EncryptionKeyArn": KEY, "Locked": True, "MinRetentionDays": 7, "MaxRetentionDays": 365},
            "backup:DeleteRecoveryPoint",
            ["BACKUP_JOB_FAILED"],
            {"a": "1"},
        ),
        (
            {"EncryptionKeyArn": KEY, "Locked": True, "MinRetentionDays": 14, "MaxRetentionDays": 365},
            "backup:*",
            ["COPY_JOB_FAILED"],
            {"b": "2"},
        ),
    ),
    "a plan with copies into another account": Case(
        "backup",
        plan(35),
        plan(90),
        read_plan,
        (copies(35), 35, "source", {"a": "35"}),
        (copies(90), 90, "source", {"a": "90"}),
        {"V": vault()},
    ),
    "a restore testing plan": Case(
        "backup",
        trying("cron(0 5 ? * SUN *)", Tags=[{"Key": "a", "Value": "1"}]),
        trying("cron(0 6 ? * SUN *)", StartWindowHours=8),
        lambda c, i: some(
            c.get_restore_testing_plan(RestoreTestingPlanName=i)["RestoreTestingPlan"],
            "ScheduleExpression",
            "StartWindowHours",
        ),
        {"ScheduleExpression": "cron(0 5 ? * SUN *)", "StartWindowHours": 24},
        {"ScheduleExpression": "cron(0 6 ? * SUN *)", "StartWindowHours": 8},
    ),
    "a restore testing selection": Case(
        "backup",
        tried(4, {"Ref": "P"}),
        tried(8, {"Ref": "P"}),
        read_tried,
        {"ProtectedResourceType": "Aurora", "IamRoleArn": ROLE, "ValidationWindowHours": 4},
        {"ProtectedResourceType": "Aurora", "IamRoleArn": ROLE, "ValidationWindowHours": 8},
        {"P": trying("cron(0 5 ? * SUN *)")},
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_gone_back_to_and_deleted(embedded: Any, name: str, title: str) -> None:
    live(embedded, name, CASES[title])


def test_a_selection_belongs_to_its_plan_and_another_one_replaces_it(embedded: Any, name: str) -> None:
    def template(tier: str) -> Json:
        condition = {"ConditionType": "STRINGEQUALS", "ConditionKey": "tier", "ConditionValue": tier}
        selection = {"SelectionName": "by-tag", "IamRoleArn": ROLE, "ListOfTags": [condition]}
        chosen = of("Backup::BackupSelection", BackupPlanId={"Ref": "P"}, BackupSelection=selection)
        return {"Resources": {"V": vault(), "P": plan(35), "X": chosen}}

    def tiers() -> list[str]:
        client, plan_id = embedded.client("backup"), embedded.physical_id(name, "P")
        listed = client.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
        found = (client.get_backup_selection(BackupPlanId=plan_id, SelectionId=s["SelectionId"]) for s in listed)
        return [f["BackupSelection"]["ListOfTags"][0]["ConditionValue"] for f in found]

    assert embedded.create(name, template("web"))["StackStatus"] == "CREATE_COMPLETE"
    assert tiers() == ["web"]
    assert embedded.physical_id(name, "X").endswith(f"_{embedded.physical_id(name, 'P')}")
    assert embedded.update(name, template("database"))["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert tiers() == ["database"]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_lock_says_when_it_cools_off_and_one_without_never_does(embedded: Any, name: str) -> None:
    locked = {"MinRetentionDays": 7, "ChangeableForDays": 3}
    embedded.create(name, {"Resources": {"X": vault(LockConfiguration=locked)}})
    client = embedded.client("backup")
    due = client.describe_backup_vault(BackupVaultName="source")["LockDate"]
    assert timedelta(days=2, hours=23) < due - datetime.now(UTC) < timedelta(days=3, hours=1)
    stack = embedded.update(name, {"Resources": {"X": vault(LockConfiguration={"MinRetentionDays": 7})}})
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert "LockDate" not in client.describe_backup_vault(BackupVaultName="source")
    embedded.update(name, {"Resources": {"X": vault()}})
    assert client.describe_backup_vault(BackupVaultName="source")["Locked"] is False
    embedded.delete(name)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (
            {"X": vault(LockConfiguration={"MinRetentionDays": 30, "MaxRetentionDays": 7})},
            "MinRetentionDays 30 is more than MaxRetentionDays 7",
        ),
        ({"X": vault(LockConfiguration={"MinRetentionDays": 7, "ChangeableForDays": 1})}, "at least 3"),
        ({"V": vault(), "X": plan(30, Lifecycle={"MoveToColdStorageAfterDays": 7, "DeleteAfterDays": 30})}, "90"),
    ],
)
def test_what_backup_would_refuse_fails_the_stack(embedded: Any, name: str, resources: Json, said: str) -> None:
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in embedded.reasons(stack["StackId"])
    with pytest.raises(ClientError):
        embedded.client("backup").describe_backup_vault(BackupVaultName="source")
