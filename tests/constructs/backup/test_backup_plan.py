from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.backup.backup_plan import TAG, TAG_VALUE, BackupPlan, Daily
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(*(f"arn:aws:sns:eu-west-1:111111111111:{name}" for name in ("urgent", "warning", "info")))
COPIES = "arn:aws:backup:eu-west-1:222222222222:backup-vault:copies"
DAILY = Daily("cron(0 1 * * ? *)", 35, COPIES, 365)


def plan_of(daily: Daily = DAILY) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        BackupPlan(stack, "Backup", daily=daily, key_arn="arn:key", topics=TOPICS)

    return build


@pytest.fixture
def plan(template: Callable[..., Any]) -> Any:
    return template(plan_of())


def only(template: Any, kind: str) -> dict[str, Any]:
    [found] = template.find_resources(f"AWS::{kind}").values()
    return dict(found)


def test_each_night_there_is_a_backup_and_a_copy_in_another_account(plan: Any) -> None:
    [rule] = only(plan, "Backup::BackupPlan")["Properties"]["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(0 1 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    copy = {"DestinationBackupVaultArn": COPIES, "Lifecycle": {"DeleteAfterDays": 365}}
    assert rule["CopyActions"] == [copy]


def test_nobody_deletes_what_is_in_the_vault(plan: Any) -> None:
    vault = only(plan, "Backup::BackupVault")
    [statement] = vault["Properties"]["AccessPolicy"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Resource"]) == ("Deny", {"AWS": "*"}, "*")
    assert {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"} <= set(statement["Action"])
    assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_vault_that_was_kept_is_not_in_the_way_of_the_next_stack(plan: Any) -> None:
    properties = only(plan, "Backup::BackupVault")["Properties"]
    assert "AWS::StackId" in str(properties["BackupVaultName"])
    assert properties["EncryptionKeyArn"] == "arn:key"


def test_what_has_the_tag_is_backed_up(plan: Any) -> None:
    selection = only(plan, "Backup::BackupSelection")["Properties"]["BackupSelection"]
    [condition] = selection["ListOfTags"]
    assert (condition["ConditionKey"], condition["ConditionValue"]) == (TAG, TAG_VALUE)
    assert "Resources" not in selection


def test_the_role_may_back_up_clusters_and_tables_and_use_one_key(plan: Any) -> None:
    statements = only(plan, "IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    actions = {a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}
    assert {action.partition(":")[0] for action in actions} == {"backup", "dynamodb", "kms", "rds", "tag"}
    assert not [action for action in actions if "*" in action or "Restore" in action]
    keys = [s["Resource"] for s in statements if "kms:" in str(s["Action"])]
    assert keys == ["arn:key", "arn:key"]
    [anything] = [s["Action"] for s in statements if s["Resource"] == "*"]
    assert set(anything) == {"backup:CopyFromBackupVault", "backup:TagResource", "tag:GetResources"}


def test_a_day_without_a_backup_wakes_somebody(plan: Any) -> None:
    alarms = {
        a["Properties"]["MetricName"]: a["Properties"] for a in plan.find_resources("AWS::CloudWatch::Alarm").values()
    }
    silence = alarms["NumberOfBackupJobsCompleted"]
    assert (silence["TreatMissingData"], silence["Period"]) == ("breaching", 86_400)
    assert silence["AlarmActions"] == [TOPICS.urgent_arn]
    assert {"NumberOfBackupJobsFailed", "NumberOfCopyJobsFailed"} <= alarms.keys()


def test_the_vault_tells_of_copies_that_failed_and_of_changes(plan: Any) -> None:
    told = only(plan, "Backup::BackupVault")["Properties"]["Notifications"]
    assert told["SNSTopicArn"] == TOPICS.info_arn
    assert {"COPY_JOB_FAILED", "RECOVERY_POINT_MODIFIED"} <= set(told["BackupVaultEvents"])


@pytest.mark.parametrize("field", ["keep_days", "copy_keep_days"])
@pytest.mark.parametrize("days", [0, 36_501])
def test_days_out_of_bounds_are_refused(template: Callable[..., Any], field: str, days: int) -> None:
    wrong: dict[str, Any] = {field: days}
    with pytest.raises(WrongProperty) as refused:
        template(plan_of(replace(DAILY, **wrong)))
    assert refused.value.name == f"daily.{field}"
